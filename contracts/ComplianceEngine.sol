// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceEngine} from "./interfaces/IComplianceEngine.sol";
import {ICoreBound} from "./interfaces/ICoreBound.sol";
import {IPayFlowCore} from "./interfaces/IPayFlowCore.sol";
import {ISanctionsList} from "./interfaces/ISanctionsList.sol";
import {AccountProfile} from "./libraries/AccountProfile.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {Governed} from "./libraries/Governed.sol";
import {RollingLimits} from "./libraries/RollingLimits.sol";

/// @title ComplianceEngine
/// @notice Sanctions, freezes, jurisdictions, tiers with rolling limits, the travel rule, and risk profiles.
/// @dev An account is two slots: what a new payment reads and writes (spending windows and standing), and what a verdict
/// writes (profile). A sanction and a freeze stand in both, so that neither path reads the other's slot.
contract ComplianceEngine is IComplianceEngine, Governed {
    /// @notice Everything that the constructor needs.
    struct Setup {
        address admin;
        uint48 changeDelay;
        address[] officers;
        Tier[] tiers;
        uint48 travelRuleCents;
        address sanctionsSource;
        address core;
    }

    /// @notice What a payment is held against, in one word that is read at once.
    /// @dev `_policyOf` reads it as a whole: the order of the members is that of its bits.
    /// @param perPayment Limit of a payment, cents; 2^64 - 1 means no limit, here and below.
    /// @param daily Limit of 24 hours, cents.
    /// @param monthly Limit of 30 days, cents.
    /// @param travelRuleCents From how many cents on a reference is demanded; the same in all tiers.
    /// @param open Whether accounts of this tier may pay.
    /// @param screened Whether there is an external sanctions source to ask; the same in all tiers.
    struct Policy {
        uint64 perPayment;
        uint64 daily;
        uint64 monthly;
        uint48 travelRuleCents;
        bool open;
        bool screened;
    }

    /// @notice Keeps lists, freezes, tiers of accounts and jurisdictions.
    bytes32 public constant COMPLIANCE_ROLE = keccak256("COMPLIANCE_ROLE");
    /// @notice Gas that an external sanctions source may use.
    uint256 public constant SOURCE_GAS = 100_000;
    /// @notice A limit that means "no limit".
    uint64 public constant UNLIMITED = type(uint64).max;
    /// @notice Most tiers.
    uint256 public constant MAX_TIERS = 16;

    /// @notice Only the core counts payments and records verdicts.
    error OnlyCore(address caller, address core);
    /// @notice Only the oracle that the core uses keeps the blacklist.
    error OnlyOracle(address caller, address oracle);
    /// @notice The zero address for `what`: the core or an account.
    error ZeroAddress(string what);
    /// @notice The external sanctions source did not answer.
    error SanctionsSourceFailed(address source);
    /// @notice There are at most 16 tiers, and this is none of them.
    error UnknownTier(uint256 tier, uint256 tiers);
    /// @notice No tiers at all, or more than there can be.
    error InvalidTierCount(uint256 given, uint256 largest);
    /// @notice An amount above 2^96 - 1 base units, or more than 24 decimals: no payment has them.
    error AmountOutOfRange(uint256 amount, uint8 decimals);
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
    event TravelRuleChanged(uint48 previous, uint48 cents);
    /// @notice The oracle put a wallet on its blacklist, or took it off.
    event BlacklistMirrored(address indexed wallet, bool listed);

    uint256 private constant SANCTIONED = 1 << 252;
    uint256 private constant FROZEN = 1 << 253;
    uint256 private constant BLACKLISTED = 1 << 254;
    /// @dev The account has a tier or a jurisdiction of its own, in its profile.
    uint256 private constant CLASSIFIED = 1 << 255;

    uint256 private constant OPEN = 1 << 240;
    uint256 private constant SCREENED = 1 << 248;

    /// @inheritdoc ICoreBound
    /// @dev Its payments are checked and counted.
    address public immutable core;
    /// @dev Start of the spending windows' first bucket.
    uint256 private immutable _epoch;

    address private _sanctionsSource;
    uint8 private _tierCount;
    Policy[16] private _policies;
    mapping(address account => uint256 windowsAndStanding) private _accounts;
    mapping(address account => AccountProfile) private _profiles;
    mapping(uint16 jurisdiction => bool) private _blockedJurisdictions;

    constructor(Setup memory setup) Governed(setup.changeDelay, setup.admin) {
        if (setup.core == address(0)) revert ZeroAddress("core");
        core = setup.core;
        _epoch = block.timestamp - block.timestamp % RollingLimits.PERIOD;
        for (uint256 i = 0; i < setup.officers.length; ++i) {
            _grantRole(COMPLIANCE_ROLE, setup.officers[i]);
        }
        if (setup.tiers.length == 0 || setup.tiers.length > MAX_TIERS) {
            revert InvalidTierCount(setup.tiers.length, MAX_TIERS);
        }
        for (uint256 i = 0; i < setup.tiers.length; ++i) {
            _requireOrder(setup.tiers[i]);
            _setTier(i, setup.tiers[i]);
        }
        _setTravelRule(setup.travelRuleCents);
        _setSource(setup.sanctionsSource);
    }

    // --- called by the core and its oracle -----------------------------------------------------------------------

    /// @inheritdoc IComplianceEngine
    function enrollPayment(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref) external {
        _requireCore();
        _accounts[sender] = _requireCompliant(sender, recipient, amount, decimals, ref);
    }

    /// @inheritdoc IComplianceEngine
    function beforeInstantPayment(
        address sender,
        address recipient,
        uint256 amount,
        uint8 decimals,
        bytes16 ref,
        uint8 score
    ) external {
        _requireCore();
        _accounts[sender] = _requireCompliant(sender, recipient, amount, decimals, ref);
        _record(sender, score, false, false);
    }

    /// @inheritdoc IComplianceEngine
    function handleVerdict(address sender, address recipient, uint8 score, bool held, bool blocked)
        external
        returns (bool senderSanctioned, bool refused)
    {
        _requireCore();
        AccountProfile profile = _record(sender, score, held, blocked);
        senderSanctioned = profile.sanctioned();
        refused = profile.frozen() || _accounts[recipient] & (SANCTIONED | FROZEN | BLACKLISTED) != 0;
        address source = _sanctionsSource;
        if (source != address(0)) {
            senderSanctioned = senderSanctioned || _requireAnswer(source, sender);
            refused = refused || _requireAnswer(source, recipient);
        }
    }

    /// @inheritdoc IComplianceEngine
    function onBlacklist(address wallet, bool listed) external {
        address oracle = IPayFlowCore(core).oracle();
        if (msg.sender != oracle) revert OnlyOracle(msg.sender, oracle);
        _mark(wallet, BLACKLISTED, listed);
        emit BlacklistMirrored(wallet, listed);
    }

    /// @return profile The account's profile with the verdict in it.
    function _record(address account, uint8 score, bool held, bool blocked) private returns (AccountProfile profile) {
        profile = _profiles[account].withVerdict(score, held, blocked);
        _profiles[account] = profile;
    }

    function _requireCore() private view {
        if (msg.sender != core) revert OnlyCore(msg.sender, core);
    }

    // --- checks --------------------------------------------------------------------------------------------------

    /// @notice Would this engine refuse this payment, and why? The same answer as that of its enforcing path. The core may still
    /// refuse what this engine does not know of: the pause, the token, the amount, the recipient, terms or a reference of before.
    /// Reverts with AmountOutOfRange for what no payment can have.
    /// @return ok Whether it would pass.
    /// @return refusal For a program.
    /// @return reason For a person.
    function checkPayment(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref)
        external
        view
        returns (bool ok, Refusal refusal, string memory reason)
    {
        if (amount > type(uint96).max || decimals > RollingLimits.MOST_DECIMALS) {
            revert AmountOutOfRange(amount, decimals);
        }
        (refusal,,,,) = _check(sender, recipient, amount, decimals, ref);
        return (refusal == Refusal.None, refusal, describe(refusal));
    }

    /// @inheritdoc IComplianceEngine
    function describe(Refusal refusal) public pure returns (string memory) {
        if (refusal == Refusal.None) return "the payment complies";
        if (refusal == Refusal.SenderSanctioned) return "the sender is sanctioned";
        if (refusal == Refusal.RecipientSanctioned) return "the recipient is sanctioned";
        if (refusal == Refusal.SanctionsUnavailable) return "the external sanctions source does not answer: try again later";
        if (refusal == Refusal.SenderFrozen) return "the sender's account is frozen by compliance";
        if (refusal == Refusal.RecipientFrozen) return "the recipient's account is frozen by compliance";
        if (refusal == Refusal.SenderBlacklisted) return "the sender is on the oracle's blacklist";
        if (refusal == Refusal.RecipientBlacklisted) return "the recipient is on the oracle's blacklist";
        if (refusal == Refusal.JurisdictionBlocked) return "a party's jurisdiction is blocked";
        if (refusal == Refusal.TierClosed) return "the sender's tier may not pay";
        if (refusal == Refusal.AbovePaymentLimit) return "the amount is above the tier's limit per payment";
        if (refusal == Refusal.AboveDailyLimit) return "the sender's payments of 24 hours would exceed the tier's limit";
        if (refusal == Refusal.AboveMonthlyLimit) return "the sender's payments of 30 days would exceed the tier's limit";
        return "the travel rule demands a reference for this amount";
    }

    /// @inheritdoc IComplianceEngine
    function screen(address sender, address recipient) external view returns (bool, address refused) {
        if (_accounts[sender] & FROZEN != 0) refused = sender;
        else if (_accounts[recipient] & (FROZEN | BLACKLISTED) != 0 || isSanctioned(recipient)) refused = recipient;
        return (isSanctioned(sender), refused);
    }

    /// @inheritdoc IComplianceEngine
    function assess(address sender, address recipient) external view returns (Refusal refusal, uint8 score) {
        // slither-disable-next-line unused-return: whom it is about is in the refusal
        (refusal,) = _checkParties(sender, _accounts[sender], recipient, _accounts[recipient]);
        uint8 ofSender = _profiles[sender].risk().last;
        score = _profiles[recipient].risk().last;
        if (ofSender > score) score = ofSender;
    }

    /// @inheritdoc IComplianceEngine
    function isSanctioned(address account) public view returns (bool) {
        if (_accounts[account] & SANCTIONED != 0) return true;
        address source = _sanctionsSource;
        return source != address(0) && _requireAnswer(source, account);
    }

    /// @inheritdoc IComplianceEngine
    function isSanctionedForRefund(address account) external view returns (bool) {
        if (_accounts[account] & SANCTIONED != 0) return true;
        address source = _sanctionsSource;
        if (source == address(0)) return false;
        (, bool listed) = _ask(source, account);
        return listed;
    }

    function _requireCompliant(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref)
        private
        view
        returns (uint256 moved)
    {
        Refusal refusal;
        address subject;
        uint256 limit;
        uint256 would;
        (refusal, subject, limit, would, moved) = _check(sender, recipient, amount, decimals, ref);
        if (refusal != Refusal.None) revert ComplianceRefused(refusal, subject, limit, would);
    }

    /// @return refusal Why the payment is refused.
    /// @return subject Whom it is about.
    /// @return limit What would be exceeded, cents.
    /// @return would What it would come to, cents.
    /// @return moved The sender's windows and standing with the payment in them.
    function _check(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref)
        private
        view
        returns (Refusal refusal, address subject, uint256 limit, uint256 would, uint256 moved)
    {
        uint256 from = _accounts[sender];
        uint256 to = _accounts[recipient];
        uint256 policy = _policyOf(from & CLASSIFIED == 0 ? 0 : _profiles[sender].tier());
        if (policy >= SCREENED || (from | to) >> 252 != 0) {
            (refusal, subject) = _checkParties(sender, from, recipient, to);
            if (refusal != Refusal.None) return (refusal, subject, 0, 0, 0);
        }
        would = RollingLimits.toCents(amount, decimals);
        subject = sender;
        limit = uint48(policy >> 192);
        if (would >= limit && ref == bytes16(0)) return (Refusal.TravelRuleReference, subject, limit, would, 0);
        if (policy & OPEN == 0) return (Refusal.TierClosed, subject, 0, would, 0);
        limit = uint64(policy);
        if (would > limit && limit != UNLIMITED) return (Refusal.AbovePaymentLimit, subject, limit, would, 0);
        limit = uint64(policy >> 64);
        uint256 monthlyLimit = uint64(policy >> 128);
        if (limit & monthlyLimit == UNLIMITED) return (Refusal.None, subject, 0, would, from);
        uint256 daily;
        uint256 monthly;
        (moved, daily, monthly) = RollingLimits.add(from, _windowIndex(), would);
        if (daily > limit) return (Refusal.AboveDailyLimit, subject, limit, daily, 0);
        if (monthly > monthlyLimit) return (Refusal.AboveMonthlyLimit, subject, monthlyLimit, monthly, 0);
    }

    /// @dev The word of a Policy: three limits of 64 bits, the travel rule's 48, and two flags of a byte.
    function _policyOf(uint256 tier) private view returns (uint256 policy) {
        Policy storage stored = _policies[tier];
        assembly ("memory-safe") {
            policy := sload(stored.slot)
        }
    }

    function _checkParties(address sender, uint256 from, address recipient, uint256 to)
        private
        view
        returns (Refusal, address)
    {
        if (from & SANCTIONED != 0) return (Refusal.SenderSanctioned, sender);
        if (to & SANCTIONED != 0) return (Refusal.RecipientSanctioned, recipient);
        address source = _sanctionsSource;
        if (source != address(0)) {
            (bool answered, bool listed) = _ask(source, sender);
            if (!answered) return (Refusal.SanctionsUnavailable, sender);
            if (listed) return (Refusal.SenderSanctioned, sender);
            (answered, listed) = _ask(source, recipient);
            if (!answered) return (Refusal.SanctionsUnavailable, recipient);
            if (listed) return (Refusal.RecipientSanctioned, recipient);
        }
        if (from & FROZEN != 0) return (Refusal.SenderFrozen, sender);
        if (to & FROZEN != 0) return (Refusal.RecipientFrozen, recipient);
        if (from & BLACKLISTED != 0) return (Refusal.SenderBlacklisted, sender);
        if (to & BLACKLISTED != 0) return (Refusal.RecipientBlacklisted, recipient);
        if (_isInBlockedJurisdiction(sender, from)) return (Refusal.JurisdictionBlocked, sender);
        if (_isInBlockedJurisdiction(recipient, to)) return (Refusal.JurisdictionBlocked, recipient);
        return (Refusal.None, address(0));
    }

    function _isInBlockedJurisdiction(address account, uint256 standing_) private view returns (bool) {
        if (standing_ & CLASSIFIED == 0) return false;
        uint16 jurisdiction = _profiles[account].jurisdiction();
        return jurisdiction != 0 && _blockedJurisdictions[jurisdiction];
    }

    function _windowIndex() private view returns (uint256) {
        unchecked {
            return (block.timestamp - _epoch) / RollingLimits.PERIOD;
        }
    }

    function _requireAnswer(address source, address account) private view returns (bool) {
        (bool answered, bool listed) = _ask(source, account);
        if (!answered) revert SanctionsSourceFailed(source);
        return listed;
    }

    /// @dev Bounded in gas and in returned bytes, so that a hostile source can neither burn a refund's gas nor flood it.
    function _ask(address source, address account) private view returns (bool answered, bool listed) {
        uint256 answer;
        (answered, answer) =
            BoundedCall.ask(source, SOURCE_GAS, abi.encodeCall(ISanctionsList.isSanctioned, (account)));
        answered = answered && answer <= 1;
        listed = answered && answer == 1;
    }

    // --- lists and accounts --------------------------------------------------------------------------------------

    /// @notice Put an account on the own sanctions list, at once.
    function sanction(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        if (account == address(0)) revert ZeroAddress("account");
        _mark(account, SANCTIONED, true);
        _profiles[account] = _profiles[account].withSanction(true);
        emit Sanctioned(account, msg.sender, reason);
    }

    /// @notice Take an account off the own sanctions list.
    function unsanction(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        _mark(account, SANCTIONED, false);
        _profiles[account] = _profiles[account].withSanction(false);
        emit Unsanctioned(account, msg.sender, reason);
    }

    /// @notice Freeze an account, at once: it can neither pay nor be paid. Its own pending payments go back to it, and refunds
    /// reach it.
    function freezeAccount(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        _mark(account, FROZEN, true);
        _profiles[account] = _profiles[account].withFreeze(true);
        emit AccountFrozen(account, msg.sender, reason);
    }

    /// @notice Release a frozen account.
    function releaseAccount(address account, string calldata reason) external onlyRole(COMPLIANCE_ROLE) {
        _mark(account, FROZEN, false);
        _profiles[account] = _profiles[account].withFreeze(false);
        emit AccountReleased(account, msg.sender, reason);
    }

    /// @notice Set an account's tier and jurisdiction (ISO 3166-1 numeric, 0 where unknown).
    function classify(address account, uint8 tier, uint16 jurisdiction) external onlyRole(COMPLIANCE_ROLE) {
        if (tier >= _tierCount) revert UnknownTier(tier, _tierCount);
        _profiles[account] = _profiles[account].classified(tier, jurisdiction);
        _mark(account, CLASSIFIED, tier != 0 || jurisdiction != 0);
        emit AccountClassified(account, tier, jurisdiction);
    }

    /// @notice Block a jurisdiction, or open it again.
    function setJurisdictionBlocked(uint16 jurisdiction, bool blocked) external onlyRole(COMPLIANCE_ROLE) {
        _blockedJurisdictions[jurisdiction] = blocked;
        emit JurisdictionChanged(jurisdiction, blocked);
    }

    function _mark(address account, uint256 flag, bool set) private {
        uint256 standing_ = _accounts[account];
        _accounts[account] = set ? standing_ | flag : standing_ & ~flag;
    }

    // --- limits --------------------------------------------------------------------------------------------------

    /// @notice Set a tier's limits: at once by the admin where none rises, else as a scheduled change. A tier beyond the
    /// last one is added.
    function setTier(uint256 tier, Tier calldata limits) external {
        uint256 count = _tierCount;
        if (tier > count || tier >= MAX_TIERS) revert UnknownTier(tier, count);
        _requireOrder(limits);
        Policy memory current = _policies[tier];
        bool tightens = tier < count && limits.perPayment <= current.perPayment && limits.daily <= current.daily
            && limits.monthly <= current.monthly && (current.open || !limits.open);
        _requireTightening(tightens, "tier");
        _setTier(tier, limits);
    }

    /// @notice Set the travel-rule threshold in cents: at once by the admin where it falls, else as a scheduled change.
    function setTravelRule(uint48 cents) external {
        _requireTightening(cents <= _policies[0].travelRuleCents, "travel rule");
        _setTravelRule(cents);
    }

    /// @notice Set the external sanctions source (zero: none), as a scheduled change: what it names at once freezes money.
    function setSanctionsSource(address source) external onlyScheduled {
        _setSource(source);
    }

    function _setTier(uint256 tier, Tier memory limits) private {
        if (tier == _tierCount) _tierCount = uint8(tier + 1);
        Policy storage policy = _policies[tier];
        (policy.perPayment, policy.daily, policy.monthly, policy.open) =
            (limits.perPayment, limits.daily, limits.monthly, limits.open);
        (policy.travelRuleCents, policy.screened) = (_policies[0].travelRuleCents, _policies[0].screened);
        emit TierChanged(tier, limits);
    }

    function _setTravelRule(uint48 cents) private {
        emit TravelRuleChanged(_policies[0].travelRuleCents, cents);
        for (uint256 i = 0; i < _tierCount; ++i) {
            _policies[i].travelRuleCents = cents;
        }
    }

    function _setSource(address source) private {
        if (source != address(0) && source.code.length == 0) revert SourceWithoutCode(source);
        emit SanctionsSourceChanged(_sanctionsSource, source);
        _sanctionsSource = source;
        for (uint256 i = 0; i < _tierCount; ++i) {
            _policies[i].screened = source != address(0);
        }
    }

    function _changeOf(bytes4 selector) internal view override returns (uint256, bytes32) {
        if (selector == this.setTier.selector) return (5, DEFAULT_ADMIN_ROLE);
        if (selector == this.setTravelRule.selector || selector == this.setSanctionsSource.selector) {
            return (1, DEFAULT_ADMIN_ROLE);
        }
        return super._changeOf(selector);
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
        return _profiles[account].risk();
    }

    /// @notice Standing of an account: own sanctions list, freeze, the oracle's blacklist, tier, jurisdiction.
    function standing(address account)
        external
        view
        returns (bool sanctioned, bool frozen, bool blacklisted, uint8 tier, uint16 jurisdiction)
    {
        uint256 flags = _accounts[account];
        AccountProfile profile = _profiles[account];
        return (
            flags & SANCTIONED != 0,
            flags & FROZEN != 0,
            flags & BLACKLISTED != 0,
            profile.tier(),
            profile.jurisdiction()
        );
    }

    /// @notice What counts against the rolling limits now, in cents.
    function spent(address account) external view returns (uint256 daily, uint256 monthly) {
        // slither-disable-next-line unused-return: a view keeps nothing
        (, daily, monthly) = RollingLimits.add(_accounts[account], _windowIndex(), 0);
    }

    /// @notice Limits of a tier.
    function tierLimits(uint256 tier) external view returns (Tier memory) {
        if (tier >= _tierCount) revert UnknownTier(tier, _tierCount);
        Policy memory policy = _policies[tier];
        return Tier(policy.perPayment, policy.daily, policy.monthly, policy.open);
    }

    /// @notice Number of tiers.
    function tierCount() external view returns (uint256) {
        return _tierCount;
    }

    /// @notice External sanctions source, zero where there is none.
    function sanctionsSource() external view returns (address) {
        return _sanctionsSource;
    }

    /// @notice From how many cents on a reference is demanded.
    function travelRuleCents() external view returns (uint48) {
        return _policies[0].travelRuleCents;
    }

    /// @notice Whether a jurisdiction is blocked.
    function isJurisdictionBlocked(uint16 jurisdiction) external view returns (bool) {
        return _blockedJurisdictions[jurisdiction];
    }
}
