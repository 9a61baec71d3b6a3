// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ComplianceEngine} from "../../contracts/ComplianceEngine.sol";
import {FraudOracle} from "../../contracts/FraudOracle.sol";
import {PayFlowCore} from "../../contracts/PayFlowCore.sol";
import {CoreGovernance} from "../../contracts/core/CoreGovernance.sol";
import {IComplianceEngine} from "../../contracts/interfaces/IComplianceEngine.sol";
import {Payment, PaymentStatus, RiskThresholds} from "../../contracts/libraries/Types.sol";
import {TestStablecoin} from "../../contracts/mocks/TestStablecoin.sol";
import {pvm} from "./Svm.sol";

/// @title One payment of a deployed system, before and after one call of the core
/// @dev That no signer has signed is put as a system that has no signer: halmos lets a signature recover to any address, and
/// so to a signer's too. The quorum is one, so that one signature of nobody's would be enough if the check of the signer
/// were missing.
abstract contract OnePayment {
    address internal constant ADMIN = address(0xA1);
    address internal constant REVIEWER = address(0xA2);
    address internal constant SENDER = address(0xB1);
    address internal constant RECIPIENT = address(0xB2);

    /// @dev Storage slot of the core's payments, by `forge inspect PayFlowCore storageLayout`.
    uint256 internal constant PAYMENTS = 10;

    PayFlowCore internal core;
    TestStablecoin internal coin;
    Payment internal payment;
    bytes32 internal id;

    function setUp() public {
        coin = new TestStablecoin();
        address[] memory admins = new address[](1);
        admins[0] = ADMIN;
        address[] memory reviewers = new address[](1);
        reviewers[0] = REVIEWER;
        address[] memory tokens = new address[](1);
        tokens[0] = address(coin);
        core = new PayFlowCore(
            CoreGovernance.Setup(ADMIN, 1 days, admins, reviewers, admins, admins, address(this), 1 hours, 2 hours, tokens)
        );
        address[] memory signers = new address[](0);
        FraudOracle oracle = new FraudOracle(
            FraudOracle.Setup(
                ADMIN, 1 days, admins, signers, 1, RiskThresholds(20, 40, 60, 80), 1 days, address(core)
            )
        );
        IComplianceEngine.Tier[] memory tiers = new IComplianceEngine.Tier[](1);
        tiers[0] = IComplianceEngine.Tier(50_000_000, 200_000_000, 2_000_000_000, true);
        ComplianceEngine compliance = new ComplianceEngine(
            ComplianceEngine.Setup(ADMIN, 1 days, admins, tiers, 100_000, address(0), address(core))
        );
        core.bind(address(oracle), address(compliance));
        coin.mint(SENDER, 5_000_000);
        pvm.prank(SENDER);
        coin.approve(address(core), type(uint256).max);
    }

    /// @dev From any final state a call leads nowhere, whoever makes it, at any time.
    modifier finalStays(uint40 time, bytes16 ref, uint8 status) {
        pvm.assume(
            status == uint8(PaymentStatus.Settled) || status == uint8(PaymentStatus.Blocked)
                || status == uint8(PaymentStatus.Rejected) || status == uint8(PaymentStatus.Cancelled)
                || status == uint8(PaymentStatus.Released)
        );
        _open(ref);
        bytes32 place = keccak256(abi.encode(id, PAYMENTS));
        uint256 word = uint256(pvm.load(address(core), place));
        word = (word & ~(uint256(0xff) << 224)) | (uint256(status) << 224);
        pvm.store(address(core), place, bytes32(word));
        assert(uint8(core.getPayment(id).status) == status);
        pvm.warp(block.timestamp + time);
        _;
        assert(uint256(pvm.load(address(core), place)) == word);
        assert(coin.balanceOf(RECIPIENT) == 0);
    }

    /// @dev From Pending, without a signer, a reviewer or an admin, a call leads back to the sender or nowhere; nobody
    /// else (`other`) gets anything.
    modifier pendingOnlyBack(address caller, uint40 time, bytes16 ref, address other) {
        pvm.assume(other != SENDER && other != address(core));
        _open(ref);
        pvm.assume(caller != ADMIN && caller != REVIEWER && caller != address(core) && caller != SENDER);
        pvm.warp(block.timestamp + time);
        _;
        PaymentStatus status = core.getPayment(id).status;
        assert(status == PaymentStatus.Pending || status == PaymentStatus.Cancelled);
        assert(coin.balanceOf(other) == 0);
        assert(coin.balanceOf(address(core)) >= (status == PaymentStatus.Pending ? 1_000_000 : 0));
        if (status == PaymentStatus.Cancelled) {
            assert(time > 1 hours);
            assert(coin.balanceOf(SENDER) == 5_000_000);
        }
    }

    /// @dev The reference is symbolic, so that the id is: of a concrete hash halmos would not know that it is one.
    function _open(bytes16 ref) internal {
        payment = Payment(SENDER, RECIPIENT, address(coin), 1_000_000, ref);
        pvm.prank(SENDER);
        id = core.createPayment(RECIPIENT, address(coin), 1_000_000, ref);
    }

    function _call(address caller, bytes memory data) internal {
        pvm.prank(caller);
        (bool ignored,) = address(core).call(data);
        ignored;
    }
}
