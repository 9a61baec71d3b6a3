// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {ICoreBound} from "../interfaces/ICoreBound.sol";
import {IComplianceEngine} from "../interfaces/IComplianceEngine.sol";
import {IPayFlowCore} from "../interfaces/IPayFlowCore.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";
import {Governed} from "../libraries/Governed.sol";
import {RollingLimits} from "../libraries/RollingLimits.sol";

/// @title What the core is configured with: its oracle, its compliance engine, tokens, windows, the pause
/// @notice The core never changes; what stands here changes through the delay, and never touches an open escrow.
abstract contract CoreGovernance is IPayFlowCore, Governed, Pausable {
    /// @notice Everything that the constructor needs.
    /// @param binder Who names the first oracle and compliance engine, once; the deployer.
    struct Setup {
        address admin;
        uint48 changeDelay;
        address[] riskAdmins;
        address[] reviewers;
        address[] officers;
        address[] pausers;
        address binder;
        uint32 settleWindow;
        uint32 reviewWindow;
        address[] tokens;
    }

    /// @notice What the core keeps of a token that was ever listed, in one word.
    /// @param index Position in the list of tokens.
    /// @param decimals What the token named when it was listed.
    /// @param accepted Whether new payments in it are taken.
    struct TokenConfig {
        uint16 index;
        uint8 decimals;
        bool accepted;
    }

    /// @notice Lists and suspends tokens.
    bytes32 public constant RISK_ADMIN_ROLE = keccak256("RISK_ADMIN_ROLE");
    /// @notice Decides held payments.
    bytes32 public constant REVIEWER_ROLE = keccak256("REVIEWER_ROLE");
    /// @notice Releases frozen escrows to their senders.
    bytes32 public constant COMPLIANCE_ROLE = keccak256("COMPLIANCE_ROLE");
    /// @notice Pauses. The default admin ends a pause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    /// @dev Bounds of the time for a quorum and of the time for a reviewer, seconds.
    uint256 private constant SHORTEST_WINDOW = 1 minutes;
    uint256 private constant LONGEST_WINDOW = 30 days;
    /// @dev Gas for asking a token for its decimals, proxies included.
    uint256 private constant DECIMALS_GAS = 100_000;

    /// @notice Who names the first oracle and compliance engine: the deployer, whose only power that is.
    address public immutable binder;

    // The pause flag of the last base shares this slot.
    address internal _compliance;
    uint32 internal _settleWindow;
    uint32 internal _reviewWindow;

    address internal _oracle;
    mapping(address token => TokenConfig) internal _tokens;
    address[] internal _tokenList;

    constructor(Setup memory setup) Governed(setup.changeDelay, setup.admin) {
        _grantAll(RISK_ADMIN_ROLE, setup.riskAdmins);
        _grantAll(REVIEWER_ROLE, setup.reviewers);
        _grantAll(COMPLIANCE_ROLE, setup.officers);
        _grantAll(PAUSER_ROLE, setup.pausers);
        _setWindows(setup.settleWindow, setup.reviewWindow);
        for (uint256 i = 0; i < setup.tokens.length; ++i) {
            _listToken(setup.tokens[i]);
        }
        binder = setup.binder;
        _pause();
    }

    /// @notice Name the first oracle and compliance engine, once, which opens the core.
    function bind(address oracle_, address compliance_) external {
        if (msg.sender != binder) revert OnlyBinder(msg.sender, binder);
        if (_oracle != address(0)) revert AlreadyBound(_oracle, _compliance);
        _setOracle(oracle_);
        _setCompliance(compliance_);
        _unpause();
    }

    // --- administration ------------------------------------------------------------------------------------------

    /// @notice Stop new payments and settlements, at once. Ways back stay open.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice End a pause.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (_oracle == address(0)) revert NotBound(binder);
        _unpause();
    }

    /// @notice List a token, as a scheduled change.
    function listToken(address token) external onlyScheduled {
        _listToken(token);
    }

    /// @notice Take no new payments in a token, at once. Those in flight go on.
    function suspendToken(address token) external onlyRole(RISK_ADMIN_ROLE) {
        _requireAccepted(token);
        _tokens[token].accepted = false;
        emit TokenSuspended(token, msg.sender);
    }

    /// @notice Replace the oracle by one that was made for this core, as a scheduled change. Payments in flight are judged by
    /// the new one.
    function setOracle(address oracle_) external onlyScheduled {
        _setOracle(oracle_);
    }

    /// @notice Replace the compliance engine by one that was made for this core, as a scheduled change. Payments in flight are
    /// checked by the new one.
    function setCompliance(address compliance_) external onlyScheduled {
        _setCompliance(compliance_);
    }

    /// @notice Set the time for a quorum and for a reviewer, as a scheduled change. Payments in flight keep theirs.
    function setWindows(uint32 settleWindow_, uint32 reviewWindow_) external onlyScheduled {
        _setWindows(settleWindow_, reviewWindow_);
    }

    // --- views ---------------------------------------------------------------------------------------------------

    /// @notice Whether new payments in a token are taken, and why not.
    function checkToken(address token) external view returns (TokenStanding standing, string memory reason) {
        standing = _standing(token);
        if (standing == TokenStanding.NeverListed) reason = "the risk admin has not listed this token";
        else if (standing == TokenStanding.Suspended) reason = "the risk admin has suspended this token";
        else reason = "the token is accepted";
    }

    /// @notice All tokens that were ever listed; a payment's tokenIndex points here.
    function tokens() external view returns (address[] memory) {
        return _tokenList;
    }

    /// @inheritdoc IPayFlowCore
    function oracle() external view returns (address) {
        return _oracle;
    }

    /// @inheritdoc IPayFlowCore
    function compliance() external view returns (address) {
        return _compliance;
    }

    /// @notice Seconds for a quorum, seconds for a reviewer.
    function windows() external view returns (uint32 settleWindow, uint32 reviewWindow) {
        return (_settleWindow, _reviewWindow);
    }

    // --- inner workings ------------------------------------------------------------------------------------------

    /// @dev One word, read once: reverts in a pause.
    function _requireOpen() internal view returns (IComplianceEngine engine, uint256 settleWindow) {
        uint256 paused_;
        assembly ("memory-safe") {
            let word := sload(_compliance.slot)
            // Pausable's flag is the first byte of the slot; compliance_offset is 1 then
            paused_ := and(word, 0xff)
            engine := and(shr(shl(3, _compliance.offset), word), 0xffffffffffffffffffffffffffffffffffffffff)
            settleWindow := and(shr(shl(3, _settleWindow.offset), word), 0xffffffff)
        }
        if (paused_ != 0) revert EnforcedPause();
    }

    function _standing(address token) private view returns (TokenStanding) {
        if (_tokens[token].accepted) return TokenStanding.Accepted;
        bool listed = _tokenList.length != 0 && _tokenList[_tokens[token].index] == token;
        return listed ? TokenStanding.Suspended : TokenStanding.NeverListed;
    }

    /// @return index Position in the list of tokens.
    function _requireAccepted(address token) internal view returns (uint256 index, uint8 decimals) {
        TokenConfig storage config = _tokens[token];
        bool accepted;
        (index, decimals, accepted) = (config.index, config.decimals, config.accepted);
        if (!accepted) revert TokenRefused(token, _standing(token));
    }

    function _listToken(address token) private {
        TokenStanding standing = _standing(token);
        if (standing == TokenStanding.Accepted || token.code.length == 0) revert TokenCannotBeListed(token);
        bool isNew = standing == TokenStanding.NeverListed;
        uint256 index = isNew ? _tokenList.length : _tokens[token].index;
        // not by an interface: a contract without decimals, or with nonsense for them, would revert without a word
        (bool answered, uint256 decimals) =
            BoundedCall.ask(token, DECIMALS_GAS, abi.encodeCall(IERC20Metadata.decimals, ()));
        if (!answered || index > type(uint16).max || decimals > RollingLimits.MOST_DECIMALS) {
            revert TokenCannotBeListed(token);
        }
        // spending windows, and what nodes have learnt, count in the old unit
        if (!isNew && decimals != _tokens[token].decimals) revert TokenCannotBeListed(token);
        if (isNew) _tokenList.push(token);
        _tokens[token] = TokenConfig(uint16(index), uint8(decimals), true);
        emit TokenListed(token, uint16(index), uint8(decimals));
    }

    function _setOracle(address oracle_) private {
        _requireBoundHere(oracle_);
        emit OracleChanged(_oracle, oracle_);
        _oracle = oracle_;
    }

    function _setCompliance(address compliance_) private {
        _requireBoundHere(compliance_);
        emit ComplianceChanged(_compliance, compliance_);
        _compliance = compliance_;
    }

    /// @dev An oracle or an engine of another core's would refuse every call, and mirror its lists elsewhere.
    function _requireBoundHere(address part) private view {
        if (part.code.length == 0) revert NotAContract(part);
        (bool answered, uint256 answer) = BoundedCall.ask(part, gasleft(), abi.encodeCall(ICoreBound.core, ()));
        if (!answered || answer != uint160(address(this))) revert BoundElsewhere(part, address(uint160(answer)));
    }

    function _setWindows(uint32 settleWindow_, uint32 reviewWindow_) private {
        _requireWindow(settleWindow_);
        _requireWindow(reviewWindow_);
        (_settleWindow, _reviewWindow) = (settleWindow_, reviewWindow_);
        emit WindowsChanged(settleWindow_, reviewWindow_);
    }

    function _requireWindow(uint256 window) private pure {
        if (window < SHORTEST_WINDOW || window > LONGEST_WINDOW) {
            revert InvalidWindow(window, SHORTEST_WINDOW, LONGEST_WINDOW);
        }
    }

    function _grantAll(bytes32 role, address[] memory holders) private {
        for (uint256 i = 0; i < holders.length; ++i) {
            _grantRole(role, holders[i]);
        }
    }

    function _changeOf(bytes4 selector) internal view override returns (uint256, bytes32) {
        if (selector == this.listToken.selector) return (1, RISK_ADMIN_ROLE);
        if (selector == this.setOracle.selector || selector == this.setCompliance.selector) {
            return (1, DEFAULT_ADMIN_ROLE);
        }
        if (selector == this.setWindows.selector) return (2, DEFAULT_ADMIN_ROLE);
        return super._changeOf(selector);
    }
}
