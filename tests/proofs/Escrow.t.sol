// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PayFlowCore} from "../../contracts/PayFlowCore.sol";
import {CoreGovernance} from "../../contracts/core/CoreGovernance.sol";
import {Payment} from "../../contracts/libraries/Types.sol";
import {OnePayment} from "./OnePayment.sol";
import {pvm, svm} from "./Svm.sol";

/// @title Payment ids, and any one call of the core that does not pay
/// @dev The call is symbolic: any function but those of PayingProof, any arguments (arrays and bytes up to halmos' bounds),
/// any caller who is not privileged, any time.
contract EscrowProof is OnePayment {
    /// @dev The functions of the core in parts, because one proof over all takes too long.
    enum Calls {
        Settling,
        Paying,
        TheRest
    }

    /// @notice Payments with different terms have different ids (keccak256 assumed to be injective).
    function check_id_injective(Payment calldata a, Payment calldata b) public view {
        bool same = a.sender == b.sender && a.recipient == b.recipient && a.token == b.token && a.amount == b.amount
            && a.ref == b.ref;
        assert((core.paymentId(a) == core.paymentId(b)) == same);
    }

    /// @notice The same terms have another id in another core.
    function check_id_ofAnotherCore(Payment calldata terms) public {
        address[] memory none = new address[](0);
        PayFlowCore another = new PayFlowCore(
            CoreGovernance.Setup(ADMIN, 1 days, none, none, none, none, address(this), 1 hours, 2 hours, none)
        );
        assert(core.paymentId(terms) != another.paymentId(terms));
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
    function check_final_notBySettling(address caller, uint40 time, bytes16 ref, uint8 status)
        public
        finalStays(time, ref, status)
    {
        _call(caller, _any(Calls.Settling));
    }

    /// @notice Nor does any other function of the core that does not pay.
    function check_final_notByTheRest(address caller, uint40 time, bytes16 ref, uint8 status)
        public
        finalStays(time, ref, status)
    {
        _call(caller, _any(Calls.TheRest));
    }

    /// @notice From Pending, without a signer, a reviewer or an admin: back to the sender, or nowhere.
    function check_pending_notBySettling(address caller, uint40 time, bytes16 ref, address other)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, _any(Calls.Settling));
    }

    /// @notice The same of all other functions that do not pay.
    function check_pending_goesNowhereButBack(address caller, uint40 time, bytes16 ref, address other)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, _any(Calls.TheRest));
    }

    function _any(Calls calls) private pure returns (bytes memory data) {
        data = svm.createCalldata("PayFlowCore");
        pvm.assume(_of(bytes4(data)) == calls);
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
