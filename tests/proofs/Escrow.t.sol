// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ComplianceEngine} from "../../contracts/ComplianceEngine.sol";
import {FraudOracle} from "../../contracts/FraudOracle.sol";
import {PayFlowCore} from "../../contracts/PayFlowCore.sol";
import {CoreGovernance} from "../../contracts/core/CoreGovernance.sol";
import {IComplianceEngine} from "../../contracts/interfaces/IComplianceEngine.sol";
import {Payment, PaymentStatus, RiskThresholds} from "../../contracts/libraries/Types.sol";
import {TestStablecoin} from "../../contracts/mocks/TestStablecoin.sol";
import {pvm, svm} from "./Svm.sol";

/// @title One payment of a deployed system, and any one call of the core by anybody at any time
/// @dev The call is symbolic: any function, any arguments (arrays and bytes up to halmos' bounds), any caller who is not
/// privileged, any time. That no signer has signed is put as a system that has no signer: halmos lets a signature recover
/// to any address, and so to a signer's too. The quorum is one, so that one signature of nobody's would be enough if the
/// check of the signer were missing.
contract EscrowProof {
    /// @dev The functions of the core in three parts that together are all, because one proof over all takes too long.
    enum Calls {
        Settling,
        Paying,
        TheRest
    }

    address internal constant ADMIN = address(0xA1);
    address internal constant REVIEWER = address(0xA2);
    address internal constant SENDER = address(0xB1);
    address internal constant RECIPIENT = address(0xB2);

    /// @dev Storage slot of the core's payments, by `forge inspect PayFlowCore storageLayout`.
    uint256 internal constant PAYMENTS = 10;

    PayFlowCore internal core;
    PayFlowCore internal other_;
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
        other_ = new PayFlowCore(
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

    /// @notice Payments with different terms have different ids (keccak256 assumed to be injective).
    function check_id_injective(Payment calldata a, Payment calldata b) public view {
        bool same = a.sender == b.sender && a.recipient == b.recipient && a.token == b.token && a.amount == b.amount
            && a.ref == b.ref;
        assert((core.paymentId(a) == core.paymentId(b)) == same);
    }

    /// @notice The same terms have another id in another core.
    function check_id_ofAnotherCore(Payment calldata terms) public {
        assert(core.paymentId(terms) != other_.paymentId(terms));
    }

    /// @notice No escrow and no instant payment share an id.
    function check_id_ofAnInstantPayment(Payment calldata escrow, Payment calldata instant) public view {
        assert(core.paymentId(escrow) != core.instantPaymentId(instant));
    }

    /// @notice The id that createPayment makes is the one that paymentId names.
    function check_id_ofAnOpenPayment(bytes16 ref) public {
        _open(ref);
        assert(core.paymentId(payment) == id);
    }

    /// @notice From a final state no settling leads anywhere, whichever it is.
    function check_final_notBySettling(address caller, uint40 time, bytes16 ref, uint8 status) public {
        _final(caller, time, ref, status, Calls.Settling);
    }

    /// @notice Nor does paying again.
    function check_final_notByPaying(address caller, uint40 time, bytes16 ref, uint8 status) public {
        _final(caller, time, ref, status, Calls.Paying);
    }

    /// @notice Nor does any other function of the core.
    function check_final_notByTheRest(address caller, uint40 time, bytes16 ref, uint8 status) public {
        _final(caller, time, ref, status, Calls.TheRest);
    }

    /// @notice From Pending, without a signer, a reviewer or an admin: back to the sender, or nowhere.
    function check_pending_notBySettling(address caller, uint40 time, bytes16 ref, address other) public {
        _pending(caller, time, ref, other, Calls.Settling);
    }

    /// @notice The same of the functions that pay.
    function check_pending_notByPaying(address caller, uint40 time, bytes16 ref, address other) public {
        _pending(caller, time, ref, other, Calls.Paying);
    }

    /// @notice The same of all others.
    function check_pending_goesNowhereButBack(address caller, uint40 time, bytes16 ref, address other) public {
        _pending(caller, time, ref, other, Calls.TheRest);
    }

    function _final(address caller, uint40 time, bytes16 ref, uint8 status, Calls calls) private {
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
        _anyCall(caller, time, calls);
        assert(uint256(pvm.load(address(core), place)) == word);
        assert(coin.balanceOf(RECIPIENT) == 0);
    }

    function _pending(address caller, uint40 time, bytes16 ref, address other, Calls calls) private {
        pvm.assume(other != SENDER && other != address(core));
        _open(ref);
        pvm.assume(caller != ADMIN && caller != REVIEWER && caller != address(core) && caller != SENDER);
        _anyCall(caller, time, calls);
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
    function _open(bytes16 ref) private {
        payment = Payment(SENDER, RECIPIENT, address(coin), 1_000_000, ref);
        pvm.prank(SENDER);
        id = core.createPayment(RECIPIENT, address(coin), 1_000_000, ref);
    }

    function _anyCall(address caller, uint40 time, Calls calls) private {
        pvm.warp(block.timestamp + time);
        bytes memory data = svm.createCalldata("PayFlowCore");
        pvm.assume(_of(bytes4(data)) == calls);
        pvm.prank(caller);
        (bool ignored,) = address(core).call(data);
        ignored;
    }

    function _of(bytes4 selector) private pure returns (Calls) {
        if (
            selector == PayFlowCore.settleNow.selector || selector == PayFlowCore.settleBatch.selector
                || selector == PayFlowCore.applyBatchVerdict.selector || selector == PayFlowCore.executePayment.selector
                || selector == PayFlowCore.executeWhitelisted.selector
        ) return Calls.Settling;
        if (
            selector == PayFlowCore.createPayment.selector || selector == PayFlowCore.createPaymentFor.selector
                || selector == PayFlowCore.createPaymentWithPermit.selector
                || selector == PayFlowCore.createPaymentWithAuthorization.selector
                || selector == PayFlowCore.payInstant.selector
                || selector == PayFlowCore.payInstantWithPermit.selector
                || selector == PayFlowCore.payInstantWithAuthorization.selector
        ) return Calls.Paying;
        return Calls.TheRest;
    }
}
