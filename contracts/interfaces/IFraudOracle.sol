// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICoreBound} from "./ICoreBound.sol";
import {RiskLevel, RiskThresholds, SignedBatch, SignedReport, Verdict} from "../libraries/Types.sol";

/// @title What the signers of the oracle say, and who may say it
interface IFraudOracle is ICoreBound {
    /// @notice What is known of a wallet.
    struct WalletRisk {
        uint8 score;
        uint8 peakScore;
        RiskLevel level;
        bool blacklisted;
        bool whitelisted;
        uint40 updatedAt;
        uint32 updates;
        bytes32 modelVersion;
    }

    /// @notice An analysis that a single signer recorded for `executePayment`.
    struct Analysis {
        address sender;
        uint96 amount;
        address recipient;
        uint8 score;
        uint40 recordedAt;
        address signer;
    }

    /// @notice Another number of signers than the quorum.
    error QuorumMismatch(uint256 given, uint256 required);
    /// @notice The signer's key is not among the current signers.
    error UnauthorizedSigner(address signer);
    /// @notice The same signer twice.
    error DuplicateSigner(address signer);
    /// @notice A batch of another length than that of the payments.
    error BatchLengthMismatch(uint256 payments, uint256 reports);
    /// @notice The one-signer path is closed while the quorum is above one.
    error OneSignerPathClosed(uint256 quorum);
    /// @notice An amount above 2^96 - 1.
    error AmountTooLarge(uint256 amount, uint256 largest);
    /// @notice A quorum of zero or above the limit.
    error InvalidQuorum(uint256 quorum, uint256 largest);
    /// @notice Making `what` stricter is immediate, making it looser waits: schedule the change.
    error LooseningWaits(string what);
    /// @notice A contract cannot be a signer: its signatures (ERC-1271) are not supported.
    error ContractSigner(address signer);
    /// @notice No more signers fit.
    error TooManySigners(uint256 largest);
    /// @notice A lifetime of reports of zero or above the limit.
    error InvalidMaxLifetime(uint256 lifetime, uint256 longest);
    /// @notice The zero address for `what`: a party, a wallet or a signer.
    error ZeroAddress(string what);

    /// @notice A signer was added.
    event SignerAdded(address indexed signer, uint256 signers);
    /// @notice A signer was removed.
    event SignerRemoved(address indexed signer, uint256 signers);
    /// @notice The quorum changed.
    event QuorumChanged(uint256 previous, uint256 quorum);
    /// @notice The limits between the levels changed.
    event ThresholdsChanged(RiskThresholds previous, RiskThresholds thresholds);
    /// @notice The longest validity of a report changed.
    event MaxReportLifetimeChanged(uint256 previous, uint256 lifetime);
    /// @notice A wallet's risk changed.
    event RiskScoreUpdated(
        address indexed wallet, address indexed signer, uint8 score, RiskLevel level, bytes32 modelVersion
    );
    /// @notice A single signer's analysis was recorded; the last one counts.
    event TransactionAnalyzed(
        bytes32 indexed transactionId,
        address indexed sender,
        address indexed recipient,
        uint256 amount,
        uint8 overallRisk,
        bool approved,
        address signer
    );
    /// @notice A signer raised an alert; `alerts` is the bit set of alert types.
    event AlertRaised(
        address indexed wallet, bytes32 indexed transactionId, address indexed signer, uint32 alerts, string details
    );
    /// @notice A wallet was blacklisted.
    event WalletBlacklisted(address indexed wallet, address indexed by, string reason);
    /// @notice The core's compliance engine did not take a change of the blacklist. `mirrorBlacklist` tells it of a listing again;
    /// an unlisting is scheduled again.
    event BlacklistNotMirrored(address indexed wallet, address indexed compliance, bool listed);
    /// @notice A wallet was taken off the blacklist.
    event WalletUnblacklisted(address indexed wallet);
    /// @notice A wallet was whitelisted: it is spared the score, never the sanctions check.
    event WalletWhitelisted(address indexed wallet);
    /// @notice A wallet was taken off the whitelist.
    event WalletUnwhitelisted(address indexed wallet, address indexed by);

    /// @notice Verify a quorum's reports on one payment.
    /// @return verdict The median score (the higher middle one of an even number), and the report that holds it.
    function verifyReports(bytes32 paymentId, SignedReport[] calldata reports)
        external
        view
        returns (Verdict memory verdict);

    /// @notice Verify a quorum's batches over several payments.
    function verifyBatch(bytes32[] calldata paymentIds, SignedBatch[] calldata batches)
        external
        view
        returns (Verdict[] memory verdicts);

    /// @notice The analysis that decides `executePayment`, all zero where there is none. It counts only while the quorum
    /// is one, its signer holds the role and it is no older than a report may be; reverts otherwise.
    function recordedAnalysis(bytes32 transactionId) external view returns (Analysis memory);

    /// @notice The analysis that a single signer recorded, whether it still counts or not.
    function getAnalysis(bytes32 transactionId) external view returns (Analysis memory);

    /// @notice What is known of a wallet.
    function getWalletRisk(address wallet) external view returns (WalletRisk memory);

    /// @notice Whether the risk admins block a wallet.
    function isBlacklisted(address wallet) external view returns (bool);

    /// @notice Whether a wallet is spared the score.
    function isWhitelisted(address wallet) external view returns (bool);

    /// @notice The level of a score under the current limits.
    function levelOf(uint8 score) external view returns (RiskLevel);

    /// @notice Would the oracle let this pass, as far as the two wallets are known? Lists, freezes and jurisdictions of the core's
    /// compliance engine count, and the scores of their last payments; while the quorum is one, scores that a signer recorded too.
    /// @dev Says no where the engine does not answer. An oracle without a core knows its own records alone.
    /// @return approved Whether neither is listed, frozen, or HIGH or above.
    /// @return riskScore The higher score of the two.
    /// @return reason A sentence for a person.
    function shouldApproveTransaction(address sender, address recipient, uint256 amount)
        external
        view
        returns (bool approved, uint8 riskScore, string memory reason);
}
