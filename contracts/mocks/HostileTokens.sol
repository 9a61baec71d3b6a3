// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Base of the tokens that misbehave: 6 decimals, anyone may mint
abstract contract OpenToken is ERC20 {
    constructor(string memory name_) ERC20(name_, name_) {}

    /// @notice 6.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice Make tokens out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @title Keeps a percentage of every transfer
contract FeeToken is OpenToken("FEE") {
    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        super._update(from, to, value - value / 100);
        super._update(from, address(this), value / 100);
    }
}

/// @title Returns nothing from its transfers, as the oldest large stablecoin does
contract NoReturnToken {
    /// @notice Balances.
    mapping(address account => uint256) public balanceOf;
    /// @notice Allowances.
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @notice 6.
    uint8 public constant decimals = 6;

    /// @notice Make tokens out of nothing.
    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    /// @notice Set an allowance.
    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    /// @notice Transfer.
    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    /// @notice Transfer by allowance.
    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title Does what its owner sets: returns false, blocks addresses, pauses, burns gas, floods with return data,
/// rebases, or calls back
contract MoodyToken is OpenToken("MOOD") {
    /// @notice How it behaves.
    enum Mood {
        Good,
        ReturnFalse,
        Paused,
        BurnGas,
        ReturnBomb,
        CallBack
    }

    /// @notice Present mood.
    Mood public mood;
    /// @notice Addresses that can neither send nor receive.
    mapping(address account => bool) public isBlocked;
    /// @notice Whom it calls back, with what.
    address public callbackTarget;
    /// @notice See callbackTarget.
    bytes public callbackData;
    /// @notice Whether the last call back went through.
    bool public callbackSucceeded;
    /// @notice What the last call back returned.
    bytes public callbackAnswer;

    /// @notice The token's own refusal.
    error TokenSaysNo(address account);

    /// @notice Change the mood.
    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @notice Block or open an address.
    function setBlocked(address account, bool blocked) external {
        isBlocked[account] = blocked;
    }

    /// @notice What to call while a transfer runs.
    function setCallback(address target, bytes calldata data) external {
        mood = Mood.CallBack;
        (callbackTarget, callbackData) = (target, data);
    }

    /// @notice Take from a holder, as a negative rebase does.
    function slash(address account, uint256 amount) external {
        _burn(account, amount);
    }

    /// @notice Transfer, in the present mood.
    function transfer(address to, uint256 value) public override returns (bool) {
        if (mood == Mood.ReturnFalse) return false;
        return super.transfer(to, value);
    }

    /// @notice Transfer by allowance, in the present mood.
    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (mood == Mood.ReturnFalse) return false;
        return super.transferFrom(from, to, value);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (mood == Mood.Paused) revert TokenSaysNo(to);
        if (isBlocked[from]) revert TokenSaysNo(from);
        if (isBlocked[to]) revert TokenSaysNo(to);
        if (mood == Mood.BurnGas) while (true) {}
        if (mood == Mood.ReturnBomb) {
            assembly ("memory-safe") {
                revert(0, 200000)
            }
        }
        if (mood == Mood.CallBack && from != address(0)) {
            mood = Mood.Good; // once: what it calls back may transfer again
            (callbackSucceeded, callbackAnswer) = callbackTarget.call(callbackData);
        }
        super._update(from, to, value);
    }
}

/// @title Burns or adds an amount at the receiver of every transferFrom
contract WarpingToken is OpenToken("WARP") {
    /// @notice What a receiver gains, or loses where it is negative.
    int256 public change;

    /// @notice Set what receivers gain.
    function setChange(int256 change_) external {
        change = change_;
    }

    /// @notice Transfer by allowance, and change the receiver's balance.
    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        super.transferFrom(from, to, value);
        if (change > 0) _mint(to, uint256(change));
        else if (change < 0) _burn(to, uint256(-change));
        return true;
    }
}
