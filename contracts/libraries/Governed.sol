// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title Roles, and changes that wait
/// @notice Whatever loosens the system is announced, waits for the delay, and is then made by the contract itself.
/// Tightening, revoking and pausing are not delayed and live in the inheriting contracts.
/// @dev A change is the calldata of one of the functions that `_changeOf` names, of exactly the length of its arguments: no
/// other function can be reached by the contract's call of itself.
abstract contract Governed is AccessControlDefaultAdminRules {
    /// @notice The function is reachable through scheduleChange and executeChange only.
    error OnlyScheduled(address caller);
    /// @notice The caller may not propose this change.
    error ProposalRefused(address caller, bytes4 selector);
    /// @notice This function cannot be scheduled, or its calldata has another length than `expected` (0: no such change).
    error NotAChange(bytes4 selector, uint256 length, uint256 expected);
    /// @notice The same change is scheduled already, and becomes due at `readyAt`.
    error ChangeAlreadyScheduled(bytes32 changeId, uint256 readyAt);
    /// @notice No such change is scheduled.
    error ChangeUnknown(bytes32 changeId);
    /// @notice The change is not due before `readyAt`.
    error ChangeNotReady(bytes32 changeId, uint256 readyAt);
    /// @notice The change was due until `expiredAt` and must be scheduled again.
    error ChangeExpired(bytes32 changeId, uint256 expiredAt);
    /// @notice A delay of changes that is shorter or longer than allowed.
    error InvalidDelay(uint256 delay, uint256 shortest, uint256 longest);

    /// @notice A change was announced.
    event ChangeScheduled(bytes32 indexed changeId, address indexed proposer, bytes call, uint256 readyAt);
    /// @notice A change was withdrawn before it was made.
    event ChangeCancelled(bytes32 indexed changeId, address indexed by);
    /// @notice A change was made.
    event ChangeExecuted(bytes32 indexed changeId, address indexed by);

    /// @dev For how long a change stays due.
    uint256 private constant CHANGE_GRACE = 14 days;
    /// @dev Longest delay that can be configured.
    uint256 private constant LONGEST_DELAY = 30 days;

    /// @notice Seconds between the announcement of a change and the moment it can be made.
    uint256 public immutable changeDelay;

    /// @notice When a scheduled change becomes due (unix seconds), 0 where it is not scheduled.
    mapping(bytes32 changeId => uint256 readyAt) public changeReadyAt;

    /// @dev Reached by the contract's own call in executeChange, and by nothing else.
    modifier onlyScheduled() {
        if (msg.sender != address(this)) revert OnlyScheduled(msg.sender);
        _;
    }

    constructor(uint48 delay, address admin) AccessControlDefaultAdminRules(delay, admin) {
        if (delay == 0 || delay > LONGEST_DELAY) revert InvalidDelay(delay, 1, LONGEST_DELAY);
        changeDelay = delay;
    }

    /// @notice Announce a change: the calldata of a function of this contract that is reachable in no other way.
    /// @return changeId Hash of `call`, for cancelChange and changeReadyAt.
    function scheduleChange(bytes calldata call) external returns (bytes32 changeId) {
        _requireProposer(call);
        changeId = keccak256(call);
        uint256 readyAt = changeReadyAt[changeId];
        if (readyAt != 0 && block.timestamp <= readyAt + CHANGE_GRACE) {
            revert ChangeAlreadyScheduled(changeId, readyAt);
        }
        readyAt = block.timestamp + changeDelay;
        changeReadyAt[changeId] = readyAt;
        emit ChangeScheduled(changeId, msg.sender, call, readyAt);
    }

    /// @notice Withdraw a scheduled change. The admin may withdraw any, others what they may propose.
    function cancelChange(bytes calldata call) external {
        _requireProposer(call);
        bytes32 changeId = keccak256(call);
        if (changeReadyAt[changeId] == 0) revert ChangeUnknown(changeId);
        delete changeReadyAt[changeId];
        emit ChangeCancelled(changeId, msg.sender);
    }

    /// @notice Make a change that is due. Reverts with the change's own error if it cannot be made.
    function executeChange(bytes calldata call) external {
        _requireProposer(call);
        bytes32 changeId = keccak256(call);
        uint256 readyAt = changeReadyAt[changeId];
        if (readyAt == 0) revert ChangeUnknown(changeId);
        if (block.timestamp < readyAt) revert ChangeNotReady(changeId, readyAt);
        if (block.timestamp > readyAt + CHANGE_GRACE) revert ChangeExpired(changeId, readyAt + CHANGE_GRACE);
        delete changeReadyAt[changeId];
        emit ChangeExecuted(changeId, msg.sender);
        // slither-disable-next-line unused-return: what a change returns is nobody's concern, that it reverts is
        Address.functionCall(address(this), call);
    }

    /// @notice Grant a role, as a scheduled change. The default admin changes by its own two steps instead.
    function grantRole(bytes32 role, address account) public virtual override onlyScheduled {
        if (role == DEFAULT_ADMIN_ROLE) revert AccessControlEnforcedDefaultAdminRules();
        _grantRole(role, account);
    }

    /// @dev Which functions are changes.
    /// @return words Number of words of the function's arguments, all of fixed size; 0 where it is no change.
    /// @return role Who may schedule, withdraw and make it, beside the admin.
    function _changeOf(bytes4 selector) internal view virtual returns (uint256 words, bytes32 role) {
        if (selector == this.grantRole.selector) return (2, DEFAULT_ADMIN_ROLE);
    }

    function _requireProposer(bytes calldata call) private view {
        bytes4 selector = bytes4(call);
        (uint256 words, bytes32 role) = _changeOf(selector);
        uint256 expected = words == 0 ? 0 : 4 + 32 * words;
        if (expected == 0 || call.length != expected) revert NotAChange(selector, call.length, expected);
        if (!hasRole(DEFAULT_ADMIN_ROLE, msg.sender) && !hasRole(role, msg.sender)) {
            revert ProposalRefused(msg.sender, selector);
        }
    }
}
