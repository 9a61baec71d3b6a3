// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PayFlowCore} from "../../contracts/PayFlowCore.sol";
import {Payment, SignedReport} from "../../contracts/libraries/Types.sol";
import {OnePayment} from "./OnePayment.sol";

/// @title A payment that is final or pending, and one more that is made by any of the functions that pay
/// @dev Any terms, any caller who is not privileged, any time, any signature; one report or none.
contract PayingProof is OnePayment {
    /// @notice A final payment stays as it is: createPayment.
    function check_final_notByCreatePayment(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPayment, (p.recipient, p.token, p.amount, p.ref)));
    }

    /// @notice A final payment stays as it is: createPaymentFor.
    function check_final_notByCreatePaymentFor(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p, uint256 until, bytes calldata signed)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPaymentFor, (p, until, signed)));
    }

    /// @notice A final payment stays as it is: createPaymentWithPermit.
    function check_final_notByCreatePaymentWithPermit(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p, uint256 until, uint8 v, bytes32 r, bytes32 s)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPaymentWithPermit, (p.recipient, p.token, p.amount, p.ref, until, v, r, s)));
    }

    /// @notice A final payment stays as it is: createPaymentWithAuthorization.
    function check_final_notByCreatePaymentWithAuthorization(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p, uint256 from, uint256 until, bytes calldata signed)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPaymentWithAuthorization, (p, from, until, signed)));
    }

    /// @notice A final payment stays as it is: payInstant.
    function check_final_notByPayInstant(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p, SignedReport[] calldata reports)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.payInstant, (p, reports)));
    }

    /// @notice A final payment stays as it is: payInstantWithPermit.
    function check_final_notByPayInstantWithPermit(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p, SignedReport[] calldata reports, uint256 until, uint8 v, bytes32 r, bytes32 s)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.payInstantWithPermit, (p, reports, until, v, r, s)));
    }

    /// @notice A final payment stays as it is: payInstantWithAuthorization.
    function check_final_notByPayInstantWithAuthorization(address caller, uint40 time, bytes16 ref, uint8 status, Payment calldata p, SignedReport[] calldata reports, uint256 from, uint256 until, bytes calldata signed)
        public
        finalStays(time, ref, status)
    {
        _call(caller, abi.encodeCall(PayFlowCore.payInstantWithAuthorization, (p, reports, from, until, signed)));
    }

    /// @notice A pending payment stays, or goes back to its sender: createPayment.
    function check_pending_notByCreatePayment(address caller, uint40 time, bytes16 ref, address other, Payment calldata p)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPayment, (p.recipient, p.token, p.amount, p.ref)));
    }

    /// @notice A pending payment stays, or goes back to its sender: createPaymentFor.
    function check_pending_notByCreatePaymentFor(address caller, uint40 time, bytes16 ref, address other, Payment calldata p, uint256 until, bytes calldata signed)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPaymentFor, (p, until, signed)));
    }

    /// @notice A pending payment stays, or goes back to its sender: createPaymentWithPermit.
    function check_pending_notByCreatePaymentWithPermit(address caller, uint40 time, bytes16 ref, address other, Payment calldata p, uint256 until, uint8 v, bytes32 r, bytes32 s)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPaymentWithPermit, (p.recipient, p.token, p.amount, p.ref, until, v, r, s)));
    }

    /// @notice A pending payment stays, or goes back to its sender: createPaymentWithAuthorization.
    function check_pending_notByCreatePaymentWithAuthorization(address caller, uint40 time, bytes16 ref, address other, Payment calldata p, uint256 from, uint256 until, bytes calldata signed)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.createPaymentWithAuthorization, (p, from, until, signed)));
    }

    /// @notice A pending payment stays, or goes back to its sender: payInstant.
    function check_pending_notByPayInstant(address caller, uint40 time, bytes16 ref, address other, Payment calldata p, SignedReport[] calldata reports)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.payInstant, (p, reports)));
    }

    /// @notice A pending payment stays, or goes back to its sender: payInstantWithPermit.
    function check_pending_notByPayInstantWithPermit(address caller, uint40 time, bytes16 ref, address other, Payment calldata p, SignedReport[] calldata reports, uint256 until, uint8 v, bytes32 r, bytes32 s)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.payInstantWithPermit, (p, reports, until, v, r, s)));
    }

    /// @notice A pending payment stays, or goes back to its sender: payInstantWithAuthorization.
    function check_pending_notByPayInstantWithAuthorization(address caller, uint40 time, bytes16 ref, address other, Payment calldata p, SignedReport[] calldata reports, uint256 from, uint256 until, bytes calldata signed)
        public
        pendingOnlyBack(caller, time, ref, other)
    {
        _call(caller, abi.encodeCall(PayFlowCore.payInstantWithAuthorization, (p, reports, from, until, signed)));
    }
}
