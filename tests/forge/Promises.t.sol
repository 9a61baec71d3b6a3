// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Handler} from "./handlers/Handler.sol";
import {vm} from "./support/Vm.sol";

/// @title The seven promises of the design, each as an invariant over whatever everybody does
contract PromisesTest {
    Handler internal world;

    function setUp() public {
        world = new Handler();
    }

    /// @notice Whom forge calls at random.
    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(world);
    }

    /// @notice After each sequence: what it reached, for tools/contracts/fuzz.py, which names the file.
    function afterInvariant() public {
        string memory file = vm.envOr("PAYFLOW_FUZZ_TALLY", "");
        if (bytes(file).length != 0) vm.writeLine(file, world.tally());
    }

    /// @notice 1: the core holds what it owes, whatever another token does.
    function invariant_1_balanceCoversOpenEscrows() public view {
        address core = address(world.core());
        require(world.coin().balanceOf(core) >= world.openEscrow(address(world.coin())), "the coin is missing");
        require(world.oldCoin().balanceOf(core) >= world.openEscrow(address(world.oldCoin())), "the old coin is missing");
        // its fee of a hundredth is nothing for the smallest amounts, and only those get in
        require(world.fee().balanceOf(core) >= world.openEscrow(address(world.fee())), "the fee was counted as escrow");
        if (!world.moodySlashed()) {
            require(world.moody().balanceOf(core) >= world.openEscrow(address(world.moody())), "moody is missing");
        }
        _unbroken(1);
    }

    /// @notice 2: one final state; the money goes once, to the recipient or back.
    function invariant_2_oneFinalStateAndTheMoneyOnce() public view {
        require(world.statusesAreAsSeen(), "a status changed that nobody touched");
        require(world.moneyMovedOnce(), "money moved twice, or not at all");
        _unbroken(2);
    }

    /// @notice 3: no verdict without the quorum, and a minority does not move it.
    function invariant_3_noVerdictWithoutQuorum() public view {
        require(world.verdictsHadQuorums(), "a verdict without a quorum");
        _unbroken(3);
    }

    /// @notice 4: after a bounded time anyone can send an escrow home, in a pause too.
    function invariant_4_aWayOut() public view {
        _unbroken(4);
    }

    /// @notice 5: nobody is paid who is listed.
    function invariant_5_noListedPartyIsPaid() public view {
        _unbroken(5);
    }

    /// @notice 6: who governs earns nothing, and loosens nothing without the delay.
    function invariant_6_governingEarnsNothing() public view {
        require(world.unearned() == 0, "somebody without a claim has money");
        _unbroken(6);
    }

    /// @notice 7: a token that misbehaves stops no other payment.
    function invariant_7_hostileTokensStopNothing() public view {
        _unbroken(7);
    }

    function _unbroken(uint256 number) private view {
        require(world.violations(number) == 0, world.firstViolation());
    }
}
