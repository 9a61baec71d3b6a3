// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payment, PaymentStatus} from "../../../contracts/libraries/Types.sol";
import {IPayFlowCore} from "../../../contracts/interfaces/IPayFlowCore.sol";
import {vm} from "../support/Vm.sol";
import {World} from "../support/World.sol";

/// @title What payers, recipients and relayers do
abstract contract Payers is World {
    function open(uint256 who, uint256 whom, uint256 token, uint256 amount) external {
        (Payment memory payment,) = _draft(who, whom, token, amount);
        _open(payment, "open");
    }

    function openWithPermit(uint256 who, uint256 whom, uint256 amount, bool spoiled) external {
        (Payment memory payment, uint256 key) = _draft(who, whom, 0, amount);
        (uint8 v, bytes32 r, bytes32 s) = _permit(payment, key, spoiled);
        _allow(payment.sender, 0); // so that it is the permit that pays
        bytes memory data = abi.encodeCall(
            core.createPaymentWithPermit,
            (payment.recipient, payment.token, payment.amount, payment.ref, block.timestamp, v, r, s)
        );
        bool accepted = _try(payment.sender, data);
        _allow(payment.sender, type(uint256).max);
        if (accepted && spoiled) _violate(6, "openWithPermit");
        _finish(payment, accepted, "openWithPermit");
    }

    function openByIntent(uint256 who, uint256 whom, uint256 token, uint256 amount, uint256 change) external {
        (Payment memory payment, uint256 key) = _draft(who, whom, token, amount);
        bytes memory signature = _sign(
            key,
            keccak256(
                abi.encodePacked(
                    "\x19\x01",
                    core.domainSeparator(),
                    keccak256(
                        abi.encode(
                            keccak256(
                                "PaymentIntent(address sender,address recipient,address token,uint256 amount,bytes16 ref,uint256 deadline)"
                            ),
                            payment.sender,
                            payment.recipient,
                            payment.token,
                            payment.amount,
                            payment.ref,
                            block.timestamp
                        )
                    )
                )
            )
        );
        bool changed = _changeATerm(payment, change);
        if (change % 8 == 4) _revoke(payment.sender, payment.ref);
        bool void = changed || given[payment.sender][payment.ref];
        bool accepted =
            _try(RELAYER, abi.encodeCall(core.createPaymentFor, (payment, block.timestamp, signature)));
        if (void && accepted) _violate(6, "openByIntent");
        _finish(payment, accepted, "openByIntent");
    }

    function openByAuthorization(uint256 who, uint256 whom, uint256 amount, uint256 change) external {
        (Payment memory payment, uint256 key) = _draft(who, whom, 0, amount);
        bytes memory signature = _authorization(payment, key, core.paymentId(payment));
        bool changed = _changeATerm(payment, change);
        if (change % 8 == 4) _revoke(payment.sender, payment.ref);
        bool void = changed || given[payment.sender][payment.ref];
        bool accepted = _try(
            RELAYER,
            abi.encodeCall(core.createPaymentWithAuthorization, (payment, 0, type(uint256).max, signature))
        );
        if (void && accepted) _violate(6, "openByAuthorization");
        _finish(payment, accepted, "openByAuthorization");
    }

    /// @notice A payer gives up the reference of a payment that is under way, which changes nothing for it, or of one to come.
    function revokeReference(uint256 which, uint256 who, bool toCome) external {
        (Payment memory payment, bool found) = _pick(which);
        if (toCome || !found) {
            _revoke(payers[who % 3], bytes16(uint128(nextRef + 1)));
            _count("revokeReference");
            return;
        }
        Seen memory before = _look(payment);
        _revoke(payment.sender, payment.ref);
        if (_look(payment).status != before.status) _violate(2, "revokeReference");
        _count("revokeReference");
    }

    function cancel(uint256 which, bool bySender) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        bool accepted =
            _try(bySender ? payment.sender : payment.recipient, abi.encodeCall(core.cancel, (payment)));
        if (accepted && !bySender) _violate(2, "cancel");
        _judge(payment, before, "cancel");
    }

    function reclaim(uint256 which) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        IPayFlowCore.PaymentState memory state = _state(payment);
        bool due = before.status == PaymentStatus.Held
            ? block.timestamp > state.reviewDeadline
            : block.timestamp > state.settleDeadline;
        bool accepted = _try(RELAYER, abi.encodeCall(core.reclaim, (payment)));
        if (accepted && !due) _violate(2, "reclaim");
        _judge(payment, before, "reclaim");
    }

    function _open(Payment memory payment, string memory action) internal returns (bool accepted) {
        accepted = _try(
            payment.sender,
            abi.encodeCall(core.createPayment, (payment.recipient, payment.token, payment.amount, payment.ref))
        );
        _finish(payment, accepted, action);
    }

    function _finish(Payment memory payment, bool accepted, string memory action) private {
        if (!accepted) return;
        if (_isListed(payment.recipient) || _isListed(payment.sender) || !_sourceAnswers()) _violate(5, action);
        _remember(payment, action);
    }

    function _revoke(address sender, bytes16 ref) private {
        if (!_try(sender, abi.encodeCall(core.revokeReference, (ref)))) _violate(6, "revokeReference");
        given[sender][ref] = true;
    }

    function _allow(address payer, uint256 amount) internal {
        vm.prank(payer);
        coin.approve(address(core), amount);
    }

    function _draft(uint256 who, uint256 whom, uint256 token, uint256 amount)
        internal
        returns (Payment memory payment, uint256 key)
    {
        if (payments.length >= MOST_PAYMENTS) amount = 0; // refused: a run stays small enough to look at all of it
        else if (token % 4 == 3 && amount % 2 == 0) amount %= 99; // else its fee is more than nothing, and it is refused
        address[4] memory tokens = [address(coin), address(oldCoin), address(moody), address(fee)];
        key = payerKeys[who % 3];
        payment = Payment(
            payers[who % 3],
            whom % 5 < 3 ? payees[whom % 5] : payers[whom % 3],
            tokens[token % 4],
            amount == 0 ? 0 : 1 + amount % 1e10,
            bytes16(uint128(++nextRef))
        );
    }

    function _changeATerm(Payment memory payment, uint256 change) internal pure returns (bool) {
        if (change % 8 == 1) payment.recipient = THIEF;
        else if (change % 8 == 2) payment.amount += 1;
        else if (change % 8 == 3) payment.ref = bytes16(uint128(payment.ref) ^ 1);
        else return false;
        return true;
    }

    /// @dev EIP-2612, for the coin.
    function _permit(Payment memory payment, uint256 key, bool spoiled)
        internal
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                payment.sender,
                address(core),
                payment.amount,
                coin.nonces(payment.sender) + (spoiled ? 1 : 0),
                block.timestamp
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked("\x19\x01", coin.DOMAIN_SEPARATOR(), message)));
    }

    /// @dev EIP-3009, for the coin.
    function _authorization(Payment memory payment, uint256 key, bytes32 nonce) internal view returns (bytes memory) {
        bytes32 message = keccak256(
            abi.encode(
                coin.RECEIVE_WITH_AUTHORIZATION_TYPEHASH(),
                payment.sender,
                address(core),
                payment.amount,
                0,
                type(uint256).max,
                nonce
            )
        );
        return _sign(key, keccak256(abi.encodePacked("\x19\x01", coin.DOMAIN_SEPARATOR(), message)));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
