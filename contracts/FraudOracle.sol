// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IComplianceEngine} from "./interfaces/IComplianceEngine.sol";
import {ICoreBound} from "./interfaces/ICoreBound.sol";
import {IFraudOracle} from "./interfaces/IFraudOracle.sol";
import {IPayFlowCore} from "./interfaces/IPayFlowCore.sol";
import {Governed} from "./libraries/Governed.sol";
import {PackedSignatures} from "./libraries/PackedSignatures.sol";
import {RiskLevels} from "./libraries/RiskLevels.sol";
import {RiskReports} from "./libraries/RiskReports.sol";
import {SignerSet} from "./libraries/SignerSet.sol";
import {Votes} from "./libraries/Votes.sol";
import {RiskLevel, RiskReport, RiskThresholds, SignedBatch, SignedReport, Verdict} from "./libraries/Types.sol";

/// @title FraudOracle
/// @notice Who may sign, how many must agree, what a score means, and what is known of wallets.
/// @dev Signatures are those of externally owned accounts; ERC-1271 is refused when a signer is added.
contract FraudOracle is IFraudOracle, Governed, EIP712 {
    using RiskLevels for RiskThresholds;
    using RiskLevels for uint32;

    /// @notice Everything that the constructor needs.
    /// @param admin First default admin.
    /// @param changeDelay Seconds that a loosening waits.
    /// @param riskAdmins Who sets limits and lists.
    /// @param signers First signers.
    /// @param quorum Signers that must agree.
    /// @param thresholds Limits between the levels.
    /// @param maxReportLifetime Longest validity of a report, seconds.
    /// @param core The core whose payments are judged, zero for an oracle that only screens for third parties.
    struct Setup {
        address admin;
        uint48 changeDelay;
        address[] riskAdmins;
        address[] signers;
        uint8 quorum;
        RiskThresholds thresholds;
        uint32 maxReportLifetime;
        address core;
    }

    /// @notice What a verdict is made by, in one word but for the signers.
    /// @param quorum Signers that must agree.
    /// @param limits Limits between the levels, as RiskLevels packs them.
    /// @param signers Number of current signers.
    /// @param maxReportLifetime Longest validity of a report, seconds.
    /// @param signerSet Whose code is the signers' addresses (SignerSet); of a single signer its own address.
    struct Config {
        uint8 quorum;
        uint32 limits;
        uint8 signers;
        uint32 maxReportLifetime;
        address signerSet;
    }

    /// @notice What is kept of a wallet, in one word.
    /// @param score Last score that a single signer recorded.
    /// @param peakScore Highest of them.
    /// @param blacklisted Whether the risk admins block it.
    /// @param whitelisted Whether it is spared the score.
    /// @param updatedAt When the last score was recorded, unix seconds.
    /// @param updates How many scores were recorded.
    struct WalletRecord {
        uint8 score;
        uint8 peakScore;
        bool blacklisted;
        bool whitelisted;
        uint40 updatedAt;
        uint32 updates;
    }

    /// @notice Its holders are the signers.
    bytes32 public constant AI_ORACLE_ROLE = keccak256("AI_ORACLE_ROLE");
    /// @notice Sets limits and keeps the lists.
    bytes32 public constant RISK_ADMIN_ROLE = keccak256("RISK_ADMIN_ROLE");
    /// @notice Highest quorum.
    uint256 public constant MAX_QUORUM = 15;
    /// @notice Most signers at a time.
    uint256 public constant MAX_SIGNERS = 32;
    /// @notice Longest validity of a report that can be configured, seconds.
    uint256 public constant LONGEST_REPORT_LIFETIME = 30 days;
    /// @notice By how much a report may be issued after the block's timestamp, seconds: clocks differ.
    uint256 public constant CLOCK_SKEW = RiskReports.CLOCK_SKEW;

    /// @inheritdoc ICoreBound
    /// @dev Zero for an oracle that only screens for third parties.
    address public immutable core;

    Config private _config;
    /// @dev What `_config.signerSet` holds as code, to be changed by.
    address[] private _signers;
    mapping(address wallet => WalletRecord) private _wallets;
    mapping(address wallet => bytes32) private _modelVersions;
    mapping(bytes32 transactionId => Analysis) private _analyses;

    constructor(Setup memory setup) Governed(setup.changeDelay, setup.admin) EIP712("FraudOracle", "1") {
        core = setup.core;
        _setThresholds(setup.thresholds);
        _setMaxReportLifetime(setup.maxReportLifetime);
        for (uint256 i = 0; i < setup.riskAdmins.length; ++i) {
            _grantRole(RISK_ADMIN_ROLE, setup.riskAdmins[i]);
        }
        for (uint256 i = 0; i < setup.signers.length; ++i) {
            _grantRole(AI_ORACLE_ROLE, setup.signers[i]);
        }
        _config.signerSet = SignerSet.store(_signers);
        _setQuorum(setup.quorum);
    }

    // --- reports of a quorum -------------------------------------------------------------------------------------

    /// @inheritdoc IFraudOracle
    function verifyReports(bytes32 paymentId, SignedReport[] calldata reports)
        external
        view
        returns (Verdict memory verdict)
    {
        Config memory config = _config;
        uint256 required = config.quorum;
        bytes memory signerSet = _signersOf(config);
        uint256 seen = 0;
        if (reports.length == 1) {
            RiskReport calldata only = reports[0].report;
            RiskReports.check(only, paymentId, config.maxReportLifetime);
            uint256 signed;
            (signed, seen) =
                _countSigners(
                    reports[0].signatures, _hashTypedDataV4(RiskReports.hash(only)), signerSet, 0, required, required
                );
            if (signed != required) revert QuorumMismatch(signed, required);
            _judge(verdict, only, config.limits);
            return verdict;
        }
        uint256[] memory votes = new uint256[](required);
        uint256 count = 0;
        for (uint256 i = 0; i < reports.length; ++i) {
            RiskReport calldata report = reports[i].report;
            RiskReports.check(report, paymentId, config.maxReportLifetime);
            uint256 signed;
            (signed, seen) = _countSigners(
                reports[i].signatures,
                _hashTypedDataV4(RiskReports.hash(report)),
                signerSet,
                seen,
                required - count,
                required
            );
            count = Votes.cast(votes, count, signed, report.overallScore, i);
        }
        if (count != required) revert QuorumMismatch(count, required);
        _judge(verdict, reports[Votes.median(votes, count)].report, config.limits);
    }

    /// @inheritdoc IFraudOracle
    function verifyBatch(bytes32[] calldata paymentIds, SignedBatch[] calldata batches)
        external
        view
        returns (Verdict[] memory verdicts)
    {
        Config memory config = _config;
        uint256 required = config.quorum;
        bytes memory signerSet = _signersOf(config);
        uint256[] memory weights = new uint256[](batches.length);
        uint256 count = 0;
        uint256 seen = 0;
        for (uint256 i = 0; i < batches.length; ++i) {
            RiskReport[] calldata reports = batches[i].reports;
            if (reports.length != paymentIds.length) revert BatchLengthMismatch(paymentIds.length, reports.length);
            for (uint256 p = 0; p < reports.length; ++p) {
                RiskReports.check(reports[p], paymentIds[p], config.maxReportLifetime);
            }
            (weights[i], seen) = _countSigners(
                batches[i].signatures,
                _hashTypedDataV4(RiskReports.hash(reports)),
                signerSet,
                seen,
                required - count,
                required
            );
            count += weights[i];
        }
        if (count != required) revert QuorumMismatch(count, required);

        verdicts = new Verdict[](paymentIds.length);
        uint32 limits = config.limits;
        if (batches.length == 1) {
            RiskReport[] calldata only = batches[0].reports;
            for (uint256 p = 0; p < only.length; ++p) {
                _judge(verdicts[p], only[p], limits);
            }
            return verdicts;
        }
        uint256[] memory votes = new uint256[](count);
        for (uint256 p = 0; p < paymentIds.length; ++p) {
            uint256 cast = 0;
            for (uint256 i = 0; i < batches.length; ++i) {
                cast = Votes.cast(votes, cast, weights[i], batches[i].reports[p].overallScore, i);
            }
            _judge(verdicts[p], batches[Votes.median(votes, count)].reports[p], limits);
        }
    }

    /// @dev Where one of several is enough, it is looked up by role, which is cheaper than reading the set: then it is left
    /// empty.
    function _signersOf(Config memory config) private view returns (bytes memory) {
        return config.quorum == 1 && config.signers > 1 ? new bytes(0) : SignerSet.load(config.signerSet, config.signers);
    }

    /// @dev Recovers every signer and checks that each is in the set, and not in `seen` yet. At most `wanted` of the
    /// `required` are still missing.
    function _countSigners(
        bytes calldata signatures,
        bytes32 digest,
        bytes memory signerSet,
        uint256 seen,
        uint256 wanted,
        uint256 required
    ) private view returns (uint256 count, uint256) {
        uint256 size;
        (count, size) = PackedSignatures.measure(signatures);
        if (count > wanted) revert QuorumMismatch(required - wanted + count, required);
        for (uint256 i = 0; i < count; ++i) {
            address signer = PackedSignatures.recover(signatures, i, size, digest);
            if (required == 1 && signerSet.length == 0) {
                if (!hasRole(AI_ORACLE_ROLE, signer)) revert UnauthorizedSigner(signer);
                continue;
            }
            uint256 seat = SignerSet.seatOf(signerSet, signer);
            if (seat == 0) revert UnauthorizedSigner(signer);
            uint256 bit = 1 << seat;
            if (seen & bit != 0) revert DuplicateSigner(signer);
            seen |= bit;
        }
        return (count, seen);
    }

    /// @dev Writes into memory that is there already: the compiler allocates an array's structs with the array.
    function _judge(Verdict memory verdict, RiskReport calldata report, uint32 limits) private pure {
        verdict.score = report.overallScore;
        verdict.level = limits.levelOf(report.overallScore);
        verdict.alerts = report.alerts;
        verdict.modelVersion = report.modelVersion;
        verdict.evidenceHash = report.evidenceHash;
    }

    // --- a single signer -----------------------------------------------------------------------------------------

    /// @notice Record a wallet's risk. Open while the quorum is one.
    function updateRiskScore(address wallet, uint8 riskScore, bytes32 modelVersion) external onlyRole(AI_ORACLE_ROLE) {
        _requireOneSigner();
        if (wallet == address(0)) revert ZeroAddress("wallet");
        RiskLevel level = _config.limits.levelOf(riskScore);
        _modelVersions[wallet] = modelVersion;
        _recordScore(wallet, riskScore);
        emit RiskScoreUpdated(wallet, msg.sender, riskScore, level, modelVersion);
    }

    /// @notice Record a verdict on a transaction, for `executePayment`. Open while the quorum is one; the last one counts.
    /// @param transactionId The payment's id.
    /// @param amount In base units, at most 2^96 - 1.
    /// @return approved Whether the level lets the payment pass.
    /// @return overallRisk 25% velocity, 25% amount, 20% pattern, 20% graph, 10% timing, rounded down.
    function analyzeTransaction(
        bytes32 transactionId,
        address sender,
        address recipient,
        uint256 amount,
        uint8 velocityScore,
        uint8 amountScore,
        uint8 patternScore,
        uint8 graphScore,
        uint8 timingScore
    ) external onlyRole(AI_ORACLE_ROLE) returns (bool approved, uint8 overallRisk) {
        _requireOneSigner();
        if (sender == address(0)) revert ZeroAddress("sender");
        if (recipient == address(0)) revert ZeroAddress("recipient");
        if (amount > type(uint96).max) revert AmountTooLarge(amount, type(uint96).max);
        overallRisk = RiskLevels.overall(velocityScore, amountScore, patternScore, graphScore, timingScore);
        _analyses[transactionId] = Analysis({
            sender: sender,
            amount: uint96(amount),
            recipient: recipient,
            score: overallRisk,
            recordedAt: uint40(block.timestamp),
            signer: msg.sender
        });
        _recordScore(sender, overallRisk);
        approved = _config.limits.levelOf(overallRisk) <= RiskLevel.Medium;
        emit TransactionAnalyzed(transactionId, sender, recipient, amount, overallRisk, approved, msg.sender);
    }

    /// @notice Publish an alert about a wallet and, where it concerns one, a transaction. Changes nothing else.
    function raiseAlert(address wallet, bytes32 transactionId, uint32 alerts, string calldata details)
        external
        onlyRole(AI_ORACLE_ROLE)
    {
        emit AlertRaised(wallet, transactionId, msg.sender, alerts, details);
    }

    function _requireOneSigner() private view {
        uint256 required = _config.quorum;
        if (required > 1) revert OneSignerPathClosed(required);
    }

    function _recordScore(address wallet, uint8 score) private {
        WalletRecord storage record = _wallets[wallet];
        record.score = score;
        if (score > record.peakScore) record.peakScore = score;
        record.updatedAt = uint40(block.timestamp);
        ++record.updates;
    }

    // --- lists ---------------------------------------------------------------------------------------------------

    /// @notice Block a wallet, at once: it can be paid nothing and create nothing.
    function blacklistWallet(address wallet, string calldata reason) external onlyRole(RISK_ADMIN_ROLE) {
        if (wallet == address(0)) revert ZeroAddress("wallet");
        _wallets[wallet].blacklisted = true;
        emit WalletBlacklisted(wallet, msg.sender, reason);
        _mirror(wallet, true);
    }

    /// @notice Take a wallet off the blacklist, as a scheduled change.
    function unblacklistWallet(address wallet) external onlyScheduled {
        _wallets[wallet].blacklisted = false;
        emit WalletUnblacklisted(wallet);
        _mirror(wallet, false);
    }

    /// @notice Tell the core's compliance engine which of these wallets this oracle blocks: for an oracle or an engine
    /// that was put in place just now. Anyone may do that; it takes nobody off a list.
    function mirrorBlacklist(address[] calldata wallets) external {
        address engine = _engine();
        if (engine == address(0)) return;
        for (uint256 i = 0; i < wallets.length; ++i) {
            if (_wallets[wallets[i]].blacklisted) IComplianceEngine(engine).onBlacklist(wallets[i], true);
        }
    }

    /// @dev The compliance engine keeps a copy, where a payment finds it with the rest of an account's standing. One that
    /// fails must not keep the list itself from being changed.
    function _mirror(address wallet, bool listed) private {
        address engine = _engine();
        if (engine == address(0)) return;
        try IComplianceEngine(engine).onBlacklist(wallet, listed) {}
        catch {
            emit BlacklistNotMirrored(wallet, engine, listed);
        }
    }

    /// @dev The core's compliance engine; zero where there is no core, or while it uses another oracle.
    function _engine() private view returns (address) {
        if (core == address(0) || IPayFlowCore(core).oracle() != address(this)) return address(0);
        return IPayFlowCore(core).compliance();
    }

    /// @notice Spare a wallet the score, as a scheduled change. It is never spared the sanctions check.
    function whitelistWallet(address wallet) external onlyScheduled {
        if (wallet == address(0)) revert ZeroAddress("wallet");
        _wallets[wallet].whitelisted = true;
        emit WalletWhitelisted(wallet);
    }

    /// @notice Take a wallet off the whitelist, at once.
    function unwhitelistWallet(address wallet) external onlyRole(RISK_ADMIN_ROLE) {
        _wallets[wallet].whitelisted = false;
        emit WalletUnwhitelisted(wallet, msg.sender);
    }

    // --- limits and signers --------------------------------------------------------------------------------------

    /// @notice Set the limits between the levels: at once by the risk admin where none is raised, else as a scheduled change.
    function setThresholds(RiskThresholds calldata limits) external {
        _requireTightening(limits.isAsStrict(_config.limits.unpack()), RISK_ADMIN_ROLE, "thresholds");
        _setThresholds(limits);
    }

    /// @notice Set the quorum: at once by the admin where it rises, else as a scheduled change.
    function setQuorum(uint8 required) external {
        _requireTightening(required >= _config.quorum, DEFAULT_ADMIN_ROLE, "quorum");
        _setQuorum(required);
    }

    /// @notice Set the longest validity of a report: at once by the admin where it shrinks, else as a scheduled change.
    function setMaxReportLifetime(uint32 lifetime) external {
        _requireTightening(lifetime <= _config.maxReportLifetime, DEFAULT_ADMIN_ROLE, "report lifetime");
        _setMaxReportLifetime(lifetime);
    }

    function _requireTightening(bool tightens, bytes32 role, string memory what) private view {
        if (msg.sender == address(this)) return;
        _checkRole(role);
        if (!tightens) revert LooseningWaits(what);
    }

    function _setThresholds(RiskThresholds memory limits) private {
        limits.validate();
        emit ThresholdsChanged(_config.limits.unpack(), limits);
        _config.limits = limits.pack();
    }

    /// @dev A quorum above the number of signers is allowed: then nothing settles and every escrow is reclaimable.
    function _setQuorum(uint8 required) private {
        if (required == 0 || required > MAX_QUORUM) revert InvalidQuorum(required, MAX_QUORUM);
        emit QuorumChanged(_config.quorum, required);
        _config.quorum = required;
    }

    function _setMaxReportLifetime(uint32 lifetime) private {
        if (lifetime == 0 || lifetime > LONGEST_REPORT_LIFETIME) {
            revert InvalidMaxLifetime(lifetime, LONGEST_REPORT_LIFETIME);
        }
        emit MaxReportLifetimeChanged(_config.maxReportLifetime, lifetime);
        _config.maxReportLifetime = lifetime;
    }

    function _grantRole(bytes32 role, address account) internal override returns (bool granted) {
        granted = super._grantRole(role, account);
        if (granted && role == AI_ORACLE_ROLE) {
            if (account == address(0)) revert ZeroAddress("signer");
            if (account.code.length != 0) revert ContractSigner(account);
            if (_signers.length == MAX_SIGNERS) revert TooManySigners(MAX_SIGNERS);
            _signers.push(account);
            emit SignerAdded(account, _storeSigners());
        }
    }

    function _revokeRole(bytes32 role, address account) internal override returns (bool revoked) {
        revoked = super._revokeRole(role, account);
        if (revoked && role == AI_ORACLE_ROLE) {
            uint256 last = _signers.length - 1;
            uint256 index = 0;
            while (_signers[index] != account) ++index;
            _signers[index] = _signers[last];
            _signers.pop();
            emit SignerRemoved(account, _storeSigners());
        }
    }

    /// @dev The set's first code is stored at the end of the constructor, once for all of its signers.
    function _storeSigners() private returns (uint256 count) {
        count = _signers.length;
        _config.signers = uint8(count);
        if (_config.quorum != 0) _config.signerSet = SignerSet.store(_signers);
    }

    function _changeOf(bytes4 selector) internal view override returns (uint256, bytes32) {
        if (selector == this.whitelistWallet.selector || selector == this.unblacklistWallet.selector) {
            return (1, RISK_ADMIN_ROLE);
        }
        if (selector == this.setThresholds.selector) return (4, RISK_ADMIN_ROLE);
        if (selector == this.setQuorum.selector || selector == this.setMaxReportLifetime.selector) {
            return (1, DEFAULT_ADMIN_ROLE);
        }
        return super._changeOf(selector);
    }

    // --- views ---------------------------------------------------------------------------------------------------

    /// @notice Signers that must agree.
    function quorum() external view returns (uint256) {
        return _config.quorum;
    }

    /// @notice Number of current signers.
    function signerCount() external view returns (uint256) {
        return _config.signers;
    }

    /// @notice Current signers, in no order.
    function signers() external view returns (address[] memory) {
        return _signers;
    }

    /// @notice Limits between the levels.
    function thresholds() external view returns (RiskThresholds memory) {
        return _config.limits.unpack();
    }

    /// @notice Longest validity of a report, seconds.
    function maxReportLifetime() external view returns (uint256) {
        return _config.maxReportLifetime;
    }

    /// @notice EIP-712 domain separator, for off-chain signing.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @notice What a signer of `report` signs.
    function reportDigest(RiskReport calldata report) external view returns (bytes32) {
        return _hashTypedDataV4(RiskReports.hash(report));
    }

    /// @notice What a signer of a batch signs.
    function batchDigest(RiskReport[] calldata reports) external view returns (bytes32) {
        return _hashTypedDataV4(RiskReports.hash(reports));
    }

    /// @inheritdoc IFraudOracle
    function levelOf(uint8 score) external view returns (RiskLevel) {
        return _config.limits.levelOf(score);
    }

    /// @inheritdoc IFraudOracle
    function getAnalysis(bytes32 transactionId) external view returns (Analysis memory) {
        return _analyses[transactionId];
    }

    /// @inheritdoc IFraudOracle
    function recordedAnalysis(bytes32 transactionId) external view returns (Analysis memory analysis) {
        _requireOneSigner();
        analysis = _analyses[transactionId];
        if (analysis.sender == address(0)) return analysis;
        if (!hasRole(AI_ORACLE_ROLE, analysis.signer)) revert UnauthorizedSigner(analysis.signer);
        uint256 expiresAt = analysis.recordedAt + _config.maxReportLifetime;
        if (expiresAt < block.timestamp) revert RiskReports.ReportExpired(transactionId, expiresAt, block.timestamp);
    }

    /// @inheritdoc IFraudOracle
    function isBlacklisted(address wallet) external view returns (bool) {
        return _wallets[wallet].blacklisted;
    }

    /// @inheritdoc IFraudOracle
    function isWhitelisted(address wallet) external view returns (bool) {
        return _wallets[wallet].whitelisted && !_wallets[wallet].blacklisted;
    }

    /// @inheritdoc IFraudOracle
    function getWalletRisk(address wallet) external view returns (WalletRisk memory) {
        WalletRecord memory record = _wallets[wallet];
        return WalletRisk({
            score: record.score,
            peakScore: record.peakScore,
            level: _config.limits.levelOf(record.score),
            blacklisted: record.blacklisted,
            whitelisted: record.whitelisted,
            updatedAt: record.updatedAt,
            updates: record.updates,
            modelVersion: _modelVersions[wallet]
        });
    }

    /// @inheritdoc IFraudOracle
    function shouldApproveTransaction(address sender, address recipient, uint256)
        external
        view
        returns (bool approved, uint8 riskScore, string memory reason)
    {
        WalletRecord memory from = _wallets[sender];
        WalletRecord memory to = _wallets[recipient];
        if (_config.quorum == 1) riskScore = from.score > to.score ? from.score : to.score;
        if (from.blacklisted) return (false, 100, "the sender is blacklisted");
        if (to.blacklisted) return (false, 100, "the recipient is blacklisted");
        if (core != address(0)) {
            // also while the core uses another oracle: its lists hold for the wallets all the same
            address engine = IPayFlowCore(core).compliance();
            if (engine.code.length == 0) return (false, 100, "the core has no compliance engine yet");
            try IComplianceEngine(engine).assess(sender, recipient) returns (
                IComplianceEngine.Refusal refusal, uint8 score
            ) {
                if (refusal != IComplianceEngine.Refusal.None) {
                    return (false, 100, IComplianceEngine(engine).describe(refusal));
                }
                if (score > riskScore) riskScore = score;
            } catch {
                return (false, 100, "the compliance engine does not answer");
            }
        }
        if (from.whitelisted) return (true, 0, "the sender is whitelisted");
        RiskLevel level = _config.limits.levelOf(riskScore);
        if (level == RiskLevel.Critical) return (false, riskScore, "a party's risk is CRITICAL");
        if (level == RiskLevel.High) return (false, riskScore, "a party's risk is HIGH and needs a review");
        if (level == RiskLevel.Medium) return (true, riskScore, "a party's risk is MEDIUM: approved and flagged");
        return (true, riskScore, "no party is known for risk");
    }
}
