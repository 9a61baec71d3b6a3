// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceEngine} from "./interfaces/IComplianceEngine.sol";
import {ISanctionsList} from "./interfaces/ISanctionsList.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {Governed} from "./libraries/Governed.sol";
import {RollingLimits} from "./libraries/RollingLimits.sol";

/// @title ComplianceEngine
/// @notice Sanctions, freezes, jurisdictions, tiers with rolling limits, the travel rule, and risk profiles.
/// @dev An account is one slot, its spending windows are another.
contract ComplianceEngine is IComplianceEngine, Governed {
    /// @notice Everything that the constructor needs.
    struct Setup {
        address admin;
        uint48 changeDelay;
        address[] officers;
        Tier[] tiers;
        uint64 travelRuleCents;
        address sanctionsSource;
        address binder;
    }

    struct Account {
        bool sanctioned;
        bool frozen;
        uint8 tier;
        uint16 jurisdiction;
        uint8 last;
        uint8 peak;
        uint32 count;
        uint32 held;
        uint32 blocked;
        uint40 sum;
    }

    /// @notice Keeps lists, freezes, tiers of accounts and jurisdictions.
    bytes32 public constant COMPLIANCE_ROLE = keccak256("COMPLIANCE_ROLE");
    /// @notice The cores: they count payments and record verdicts.
    bytes32 public constant CORE_ROLE = keccak256("CORE_ROLE");
    /// @notice Gas that an external sanctions source may use.
    uint256 public constant SOURCE_GAS = 100_000;
    /// @notice A limit that means "no limit".
    uint64 public constant UNLIMITED = type(uint64).max;

    /// @notice Only the deployer names the core.
    error OnlyBinder(address caller, address binder);
    /// @notice The core is bound already.
    error CoreAlreadyBound();
    /// @notice The zero address where an account is needed.
    error ZeroAddress();
    /// @notice The external sanctions source did not answer.
    error SanctionsSourceFailed(address source);
    /// @notice There are at most 16 tiers, and this is none of them.
    error UnknownTier(uint256 tier, uint256 tiers);
    /// @notice Limits must rise (per payment, daily, monthly), and the rolling ones be unlimited or fit their windows:
    /// at most 2^28 - 1 cents in 24 hours and 2^31 - 1 in 30 days.
    error InvalidTier(uint64 perPayment, uint64 daily, uint64 monthly);
    /// @notice Lowering is immediate, raising waits: schedule the change.
    error LooseningWaits(string what);
    /// @notice Another address than a contract as the sanctions source.
    error SourceWithoutCode(address source);

    /// @notice An account was put on the own sanctions list.
    event Sanctioned(address indexed account, address indexed by, string reason);
    /// @notice An account was taken off the own sanctions list.
    event Unsanctioned(address indexed account, address indexed by, string reason);
    /// @notice An account was frozen.
    event AccountFrozen(address indexed account, address indexed by, string reason);
    /// @notice An account was released.
    event AccountReleased(address indexed account, address indexed by, string reason);
    /// @notice An account's tier or jurisdiction (ISO 3166-1 numeric, 0 unknown) changed.
    event AccountClassified(address indexed account, uint8 tier, uint16 jurisdiction);
    /// @notice A tier's limits changed.
    event TierChanged(uint256 indexed tier, Tier limits);
    /// @notice A jurisdiction was blocked or opened.
    event JurisdictionChanged(uint16 indexed jurisdiction, bool blocked);
    /// @notice The external sanctions source changed.
    event SanctionsSourceChanged(address indexed previous, address indexed source);
    /// @notice The travel-rule threshold changed.
    event TravelRuleChanged(uint64 previous, uint64 cents);
    /// @notice An account's risk profile took up a verdict.
    event RiskProfileUpdated(address indexed account, uint8 last, uint8 peak, uint32 count);

    /// @notice Who names the core, once: the deployer, whose only power that is.
    address public immutable binder;

    address private _sanctionsSource;
    uint64 private _travelRuleCents;
    bool private _bound;

    Tier[] private _tiers;
    mapping(address account => Account) private _accounts;
    mapping(address account => uint256) private _windows;
    mapping(uint16 jurisdiction => bool) private _blockedJurisdictions;

    constructor(Setup memory setup) Governed(setup.changeDelay, setup.admin) {
        for (uint256 i = 0; i < setup.officers.length; ++i) {
            _grantRole(COMPLIANCE_ROLE, setup.officers[i]);
        }
        if (setup.tiers.length == 0 || setup.tiers.length > 16) revert UnknownTier(0, setup.tiers.length);
        for (uint256 i = 0; i < setup.tiers.length; ++i) {
            _requireOrder(setup.tiers[i]);
            _tiers.push(setup.tiers[i]);
            emit TierChanged(i, setup.tiers[i]);
        }
        _setSource(setup.sanctionsSource);
        binder = setup.binder;
        emit TravelRuleChanged(0, setup.travelRuleCents);
        _travelRuleCents = setup.travelRuleCents;
    }

    /// @notice Name the core, once. Further cores come by a scheduled grant of CORE_ROLE.
    function bindCore(address core) external {
        if (msg.sender != binder) revert OnlyBinder(msg.sender, binder);
        if (_bound) revert CoreAlreadyBound();
        if (core == address(0)) revert ZeroAddress();
        _bound = true;
        _grantRole(CORE_ROLE, core);
    }

    // --- called by the core --------------------------------------------------------------------------------------

    /// @inheritdoc IComplianceEngine
    function onPayment(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref)
        external
        onlyRole(CORE_ROLE)
    {
        (Refusal refusal, address subject, uint256 limit, uint256 would, uint256 window) =
            _check(sender, recipient, amount, decimals, ref);
        if (refusal != Refusal.None) revert ComplianceRefused(refusal, subject, limit, would);
        _windows[sender] = window;
    }

    /// @inheritdoc IComplianceEngine
    function onVerdict(address sender, address recipient, uint8 score, bool held, bool blocked)
        external
        onlyRole(CORE_ROLE)
        returns (bool senderSanctioned, bool recipientListed)
    {
        Account storage account = _accounts[sender];
        account.last = score;
        if (score > account.peak) account.peak = score;
        account.sum += score;
        if (held) ++account.held;
        if (blocked) ++account.blocked;
        emit RiskProfileUpdated(sender, score, account.peak, ++account.count);
        return (isSanctioned(sender), _mayNotReceive(recipient));
    }

    // --- checks --------------------------------------------------------------------------------------------------

    /// @notice Would this payment be refused, and why? The same answer as that of the enforcing path.
    /// @return ok Whether it would pass.
    /// @return refusal For a program.
    /// @return reason For a person.
    function checkPayment(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref)
        external
        view
        returns (bool ok, Refusal refusal, string memory reason)
    {
        (refusal,,,,) = _check(sender, recipient, amount, decimals, ref);
        return (refusal == Refusal.None, refusal, describe(refusal));
    }

    /// @notice A refusal as a sentence.
    function describe(Refusal refusal) public pure returns (string memory) {
        if (refusal == Refusal.None) return "the payment complies";
        if (refusal == Refusal.SenderSanctioned) return "the sender is sanctioned";
        if (refusal == Refusal.RecipientSanctioned) return "the recipient is sanctioned";
        if (refusal == Refusal.SanctionsUnavailable) return "the external sanctions source does not answer: try again later";
        if (refusal == Refusal.SenderFrozen) return "the sender's account is frozen by compliance";
        if (refusal == Refusal.RecipientFrozen) return "the recipient's account is frozen by compliance";
        if (refusal == Refusal.JurisdictionBlocked) return "a party's jurisdiction is blocked";
        if (refusal == Refusal.TierClosed) return "the sender's tier may not pay";
        if (refusal == Refusal.AbovePaymentLimit) return "the amount is above the tier's limit per payment";
        if (refusal == Refusal.AboveDailyLimit) return "the sender's payments of 24 hours would exceed the tier's limit";
        if (refusal == Refusal.AboveMonthlyLimit) return "the sender's payments of 30 days would exceed the tier's limit";
        return "the travel rule demands a reference for this amount";
    }

    /// @inheritdoc IComplianceEngine
    function screen(address sender, address recipient) external view returns (bool, bool) {
        return (isSanctioned(sender), _mayNotReceive(recipient));
    }

    /// @inheritdoc IComplianceEngine
    function isSanctioned(address account) public view returns (bool) {
        if (_accounts[account].sanctioned) return true;
        (bool answered, bool listed) = _askSource(account);
        if (!answered) revert SanctionsSourceFailed(_sanctionsSource);
        return listed;
    }

    /// @inheritdoc IComplianceEngine
    function isSanctionedForRefund(address account) external view returns (bool) {
        if (_accounts[account].sanctioned) return true;
        (, bool listed) = _askSource(account);
        return listed;
    }

    function _mayNotReceive(address recipient) private view returns (bool) {
        return _accounts[recipient].frozen || isSanctioned(recipient);
    }

    function _check(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref)
        private
        view
        returns (Refusal refusal, address subject, uint256 limit, uint256 would, uint256 window)
    {
        Account memory from = _accounts[sender];
        Account memory to = _accounts[recipient];
        (refusal, subject) = _checkParties(sender, from, recipient, to);
        if (refusal != Refusal.None) return (refusal, subject, 0, 0, 0);

        would = RollingLimits.toCents(amount, decimals);
        if (would >= _travelRuleCents && ref == bytes16(0)) {
            return (Refusal.TravelRuleReference, sender, _travelRuleCents, would, 0);
        }
        Tier memory tier = _tiers[from.tier];
        if (!tier.open) return (Refusal.TierClosed, sender, 0, would, 0);
        if (would > tier.perPayment && tier.perPayment != UNLIMITED) {
            return (Refusal.AbovePaymentLimit, sender, tier.perPayment, would, 0);
        }
        window = _windows[sender];
        if (tier.daily == UNLIMITED && tier.monthly == UNLIMITED) return (Refusal.None, sender, 0, would, window);
        uint256 daily;
        uint256 monthly;
        (window, daily, monthly) = RollingLimits.add(window, block.timestamp, would);
        if (daily > tier.daily) return (Refusal.AboveDailyLimit, sender, tier.daily, daily, 0);
        if (monthly > tier.monthly) return (Refusal.AboveMonthlyLimit, sender, tier.monthly, monthly, 0);
        return (Refusal.None, sender, 0, would, window);
    }

    function _checkParties(address sender, Account memory from, address recipient, Account memory to)
        private
        view
        returns (Refusal, address)
    {
        if (from.sanctioned) return (Refusal.SenderSanctioned, sender);
        if (to.sanctioned) return (Refusal.RecipientSanctioned, recipient);
        if (_sanctionsSource != address(0)) {
            (bool answered, bool listed) = _askSource(sender);
            if (!answered) return (Refusal.SanctionsUnavailable, sender);
            if (listed) return (Refusal.SenderSanctioned, sender);
            (answered, listed) = _askSource(recipient);
            if (!answered) return (Refusal.SanctionsUnavailable, recipient);
            if (listed) return (Refusal.RecipientSanctioned, recipient);
        }
        if (from.frozen) return (Refusal.SenderFrozen, sender);
        if (to.frozen) return (Refusal.RecipientFrozen, recipient);
        if (from.jurisdiction != 0 && _blockedJurisdictions[from.jurisdiction]) {
            return (Refusal.JurisdictionBlocked, sender);
        }
        if (to.jurisdiction != 0 && _blockedJurisdictions[to.jurisdiction]) {
            return (Refusal.JurisdictionBlocked, recipient);
        }
        return (Refusal.None, address(0));
    }

    /// @dev Bounded in gas and in returned bytes, so that a hostile source can neither burn a refund's gas nor flood it.
    function _askSource(address account) private view returns (bool answered, bool listed) {
        address source = _sanctionsSource;
        if (source == address(0)) return (true, false);
        uint256 answer;
        (answered, answer) =
            BoundedCall.ask(source, SOURCE_GAS, abi.encodeCall(ISanctionsList.isSanctioned, (account)));
        answered = answered && answer <= 1;
        listed = answered && answer == 1;
    }

    // --- lists and accounts --------------------------------------------------------------------------------------

    /// @notice Put an account on the own sanctions list, at once.
    function sanction(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        if (account == address(0)) revert ZeroAddress();
        _accounts[account].sanctioned = true;
        emit Sanctioned(account, msg.sender, reason);
    }

    /// @notice Take an account off the own sanctions list.
    function unsanction(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        _accounts[account].sanctioned = false;
        emit Unsanctioned(account, msg.sender, reason);
    }

    /// @notice Freeze an account: it can neither pay nor be paid. Refunds of its open escrows still reach it.
    function freezeAccount(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        _accounts[account].frozen = true;
        emit AccountFrozen(account, msg.sender, reason);
    }

    /// @notice Release a frozen account.
    function releaseAccount(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        _accounts[account].frozen = false;
        emit AccountReleased(account, msg.sender, reason);
    }

    /// @notice Set an account's tier and jurisdiction (ISO 3166-1 numeric, 0 where unknown).
    function classify(address account, uint8 tier, uint16 jurisdiction) external onlyRole(COMPLIANCE_ROLE) {
        if (tier >= _tiers.length) revert UnknownTier(tier, _tiers.length);
        _accounts[account].tier = tier;
        _accounts[account].jurisdiction = jurisdiction;
        emit AccountClassified(account, tier, jurisdiction);
    }

    /// @notice Block a jurisdiction, or open it again.
    function setJurisdictionBlocked(uint16 jurisdiction, bool blocked) external onlyRole(COMPLIANCE_ROLE) {
        _blockedJurisdictions[jurisdiction] = blocked;
        emit JurisdictionChanged(jurisdiction, blocked);
    }

    /// @notice Set a tier's limits: at once by the admin where none rises, else as a scheduled change. A tier beyond the
    /// last one is added.
    function setTier(uint256 tier, Tier calldata limits) external {
        if (tier > _tiers.length || tier > 15) revert UnknownTier(tier, _tiers.length);
        _requireOrder(limits);
        bool tightens = false;
        if (tier < _tiers.length) {
            Tier memory current = _tiers[tier];
            tightens = limits.perPayment <= current.perPayment && limits.daily <= current.daily
                && limits.monthly <= current.monthly && (current.open || !limits.open);
        }
        _requireTightening(tightens, "tier");
        if (tier == _tiers.length) _tiers.push(limits);
        else _tiers[tier] = limits;
        emit TierChanged(tier, limits);
    }

    /// @notice Set the travel-rule threshold in cents: at once by the admin where it falls, else as a scheduled change.
    function setTravelRule(uint64 cents) external {
        _requireTightening(cents <= _travelRuleCents, "travel rule");
        emit TravelRuleChanged(_travelRuleCents, cents);
        _travelRuleCents = cents;
    }

    /// @notice Set the external sanctions source (zero: none): at once by the admin where there was none, else as a
    /// scheduled change.
    function setSanctionsSource(address source) external {
        _requireTightening(_sanctionsSource == address(0), "sanctions source");
        _setSource(source);
    }

    function _setSource(address source) private {
        if (source != address(0) && source.code.length == 0) revert SourceWithoutCode(source);
        emit SanctionsSourceChanged(_sanctionsSource, source);
        _sanctionsSource = source;
    }

    function _requireTightening(bool tightens, string memory what) private view {
        if (msg.sender == address(this)) return;
        _checkRole(DEFAULT_ADMIN_ROLE);
        if (!tightens) revert LooseningWaits(what);
    }

    function _requireOrder(Tier memory limits) private pure {
        bool fits = (limits.daily == UNLIMITED || limits.daily <= RollingLimits.MAX_DAILY)
            && (limits.monthly == UNLIMITED || limits.monthly <= RollingLimits.MAX_MONTHLY);
        if (!fits || limits.perPayment > limits.daily || limits.daily > limits.monthly) {
            revert InvalidTier(limits.perPayment, limits.daily, limits.monthly);
        }
    }

    // --- views ---------------------------------------------------------------------------------------------------

    /// @notice What verdicts said of an account.
    function riskProfile(address account) external view returns (RiskProfile memory) {
        Account memory a = _accounts[account];
        return RiskProfile({
            last: a.last,
            peak: a.peak,
            average: a.count == 0 ? 0 : uint8(a.sum / a.count),
            count: a.count,
            held: a.held,
            blocked: a.blocked
        });
    }

    /// @notice Standing of an account: own list, freeze, tier, jurisdiction.
    function standing(address account)
        external
        view
        returns (bool sanctioned, bool frozen, uint8 tier, uint16 jurisdiction)
    {
        Account memory a = _accounts[account];
        return (a.sanctioned, a.frozen, a.tier, a.jurisdiction);
    }

    /// @notice What counts against the rolling limits now, in cents.
    function spent(address account) external view returns (uint256 daily, uint256 monthly) {
        (, daily, monthly) = RollingLimits.add(_windows[account], block.timestamp, 0);
    }

    /// @notice Limits of a tier.
    function tierLimits(uint256 tier) external view returns (Tier memory) {
        if (tier >= _tiers.length) revert UnknownTier(tier, _tiers.length);
        return _tiers[tier];
    }

    /// @notice Number of tiers.
    function tierCount() external view returns (uint256) {
        return _tiers.length;
    }

    /// @notice External sanctions source, zero where there is none.
    function sanctionsSource() external view returns (address) {
        return _sanctionsSource;
    }

    /// @notice From how many cents on a reference is demanded.
    function travelRuleCents() external view returns (uint64) {
        return _travelRuleCents;
    }

    /// @notice Whether a jurisdiction is blocked.
    function isJurisdictionBlocked(uint16 jurisdiction) external view returns (bool) {
        return _blockedJurisdictions[jurisdiction];
    }
}
