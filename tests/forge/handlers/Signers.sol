// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payment, PaymentStatus, RiskReport, SignedBatch, SignedReport} from "../../../contracts/libraries/Types.sol";
import {vm} from "../support/Vm.sol";
import {Payers} from "./Payers.sol";

/// @title What signers do, honest and Byzantine: of a quorum of three, one may say anything
abstract contract Signers is Payers {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @notice Three signers agree.
    function settle(uint256 which, uint8 score, uint256 first, bool compact) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        score %= 101;
        _settle(payment, _agreed(core.paymentId(payment), score, first, compact), score, score, "settle");
    }

    /// @notice Two honest signers and one who says anything.
    function settleWithALiar(uint256 which, uint8 honest, uint8 spread, uint8 lie, uint256 first) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        (honest, lie, first) = (honest % 101, lie % 101, first % SIGNERS);
        uint8 other = uint8((uint256(honest) + spread % 20) % 101);
        (uint8 low, uint8 high) = honest < other ? (honest, other) : (other, honest);
        SignedReport[] memory reports = new SignedReport[](3);
        reports[0] = _signed(core.paymentId(payment), lie, first);
        reports[1] = _signed(core.paymentId(payment), honest, first + 1);
        reports[2] = _signed(core.paymentId(payment), other, first + 2);
        _settle(payment, reports, low, high, "settleWithALiar");
    }

    /// @notice What is no quorum settles nothing.
    function settleWithoutQuorum(uint256 which, uint256 kind, uint8 score, uint256 first) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        bool accepted =
            _try(THIEF, abi.encodeCall(core.settleNow, (payment, _invalid(core.paymentId(payment), kind, score % 101, first))));
        if (accepted) _violate(3, "settleWithoutQuorum");
        _judge(payment, before, "settleWithoutQuorum");
    }

    /// @notice Several payments at once; what cannot be settled stops no other.
    function settleBatch(uint256 from, uint256 size, uint8 score, uint256 first) external {
        if (payments.length == 0) return;
        size = 1 + size % 6;
        Payment[] memory batch = new Payment[](size);
        RiskReport[] memory reports = new RiskReport[](size);
        Seen[] memory before = new Seen[](size);
        bool[] memory must = new bool[](size);
        for (uint256 i = 0; i < size; ++i) {
            batch[i] = payments[(from % payments.length + i) % payments.length];
            reports[i] = _report(core.paymentId(batch[i]), (score % 101 + uint8(i) * 13) % 101);
            before[i] = _look(batch[i]);
            must[i] = batch[i].token == address(coin) && before[i].status == PaymentStatus.Pending
                && block.timestamp <= _state(batch[i]).settleDeadline && !core.paused();
        }
        SignedBatch[] memory signed = new SignedBatch[](1);
        signed[0].reports = reports;
        signed[0].signatures = _signatures(oracle.batchDigest(reports), first, 3, false);
        for (uint256 i = 0; i < size; ++i) {
            judged[core.paymentId(batch[i])] = true;
        }
        _try(RELAYER, abi.encodeCall(core.settleBatch, (batch, signed)));
        // one payment may be in the batch twice, and the same parties in several: their balances are judged by sums
        for (uint256 i = 0; i < size; ++i) {
            _judgeStatus(batch[i], before[i].status, "settleBatch");
            if (must[i] && _look(batch[i]).status == PaymentStatus.Pending) _violate(7, "settleBatch");
            if (before[i].status == PaymentStatus.None) judged[core.paymentId(batch[i])] = false;
        }
    }

    /// @notice Instant payments, with a quorum or without.
    function payInstant(uint256 who, uint256 whom, uint256 token, uint256 amount, uint8 score, uint256 kind)
        external
    {
        (Payment memory payment,) = _draft(who, whom, token, amount);
        score %= 101;
        bool valid = kind % 2 == 0;
        Seen memory before = _look(payment);
        bytes32 id = core.instantPaymentId(payment);
        SignedReport[] memory reports =
            valid ? _agreed(id, score, kind / 2, true) : _invalid(id, kind / 2, score, kind);
        if (!_try(payment.sender, abi.encodeCall(core.payInstant, (payment, reports)))) return;
        if (!valid || score > oracle.thresholds().medium) _violate(3, "payInstant");
        if (_isListed(payment.recipient) || _isListed(payment.sender)) _violate(5, "payInstant");
        Seen memory now_ = _look(payment);
        if (now_.recipient - before.recipient != payment.amount || now_.core != before.core) _violate(2, "payInstant");
        // the reference is used up, and the escrow of the same terms is another payment
        if (_try(payment.sender, abi.encodeCall(core.payInstant, (payment, reports)))) _violate(2, "payInstant");
        if (now_.status != PaymentStatus.None) _violate(2, "payInstant");
        ++done["payInstant"];
    }

    function _settle(Payment memory payment, SignedReport[] memory reports, uint8 low, uint8 high, string memory action)
        private
    {
        Seen memory before = _look(payment);
        bytes32 id = core.paymentId(payment);
        bool was = judged[id];
        judged[id] = true;
        bool accepted = _try(RELAYER, abi.encodeCall(core.settleNow, (payment, reports)));
        if (!accepted) judged[id] = was;
        uint8 score = _state(payment).score;
        if (accepted && (score < low || score > high)) _violate(3, action);
        _judge(payment, before, action);
    }

    function _judgeStatus(Payment memory payment, PaymentStatus before, string memory action) private {
        bytes32 id = core.paymentId(payment);
        PaymentStatus status = core.getPayment(id).status;
        if (lastStatus[id] == status) return; // unchanged, or judged as an earlier one of the batch
        ++done[keccak256(bytes(action))];
        if (lastStatus[id] != before || !_isEdge(before, status)) _violate(2, action);
        lastStatus[id] = status;
        if (_isOpen(status)) return;
        ++moved[id];
        openEscrow[payment.token] -= payment.amount;
        if (status != PaymentStatus.Settled) return;
        if (_isListed(payment.recipient) || _isFrozen(payment.sender)) _violate(5, action);
    }

    function _report(bytes32 id, uint8 score) internal view returns (RiskReport memory) {
        return RiskReport({
            paymentId: id,
            overallScore: score,
            velocityScore: 1,
            amountScore: 2,
            patternScore: 3,
            graphScore: 4,
            timingScore: 5,
            alerts: 0,
            modelVersion: bytes32(uint256(1)),
            evidenceHash: bytes32(uint256(2)),
            issuedAt: uint64(block.timestamp),
            expiresAt: uint64(block.timestamp + 1 hours)
        });
    }

    function _agreed(bytes32 id, uint8 score, uint256 first, bool compact)
        internal
        view
        returns (SignedReport[] memory reports)
    {
        reports = new SignedReport[](1);
        reports[0].report = _report(id, score);
        reports[0].signatures = _signatures(oracle.reportDigest(reports[0].report), first, 3, compact);
    }

    function _signed(bytes32 id, uint8 score, uint256 signer)
        internal
        view
        returns (SignedReport memory signed)
    {
        signed.report = _report(id, score);
        signed.signatures = _signatures(oracle.reportDigest(signed.report), signer, 1, false);
    }

    function _signatures(bytes32 digest, uint256 first, uint256 count, bool compact)
        internal
        view
        returns (bytes memory packed)
    {
        for (uint256 i = 0; i < count; ++i) {
            packed = abi.encodePacked(packed, _signature(signerKeys[(first % SIGNERS + i) % SIGNERS], digest, compact));
        }
    }

    function _signature(uint256 key, bytes32 digest, bool compact) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        if (compact) return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Ten ways to have no quorum.
    function _invalid(bytes32 id, uint256 kind, uint8 score, uint256 first)
        internal
        view
        returns (SignedReport[] memory reports)
    {
        reports = _agreed(id, score, first, false);
        RiskReport memory report = reports[0].report;
        kind %= 10;
        if (kind == 0) {
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, 2, false);
        } else if (kind == 1) {
            bytes memory twice = _signatures(oracle.reportDigest(report), first, 1, false);
            reports[0].signatures = abi.encodePacked(twice, twice, twice);
        } else if (kind == 2) {
            reports[0].signatures = abi.encodePacked(
                _signatures(oracle.reportDigest(report), first, 2, false),
                _signature(0xBAD, oracle.reportDigest(report), false)
            );
        } else if (kind == 3) {
            report.overallScore = uint8((uint256(score) + 1) % 101);
        } else if (kind == 4) {
            report.paymentId = keccak256("another payment");
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, 3, false);
        } else if (kind == 5) {
            (report.issuedAt, report.expiresAt) = (uint64(block.timestamp - 10), uint64(block.timestamp - 1));
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, 3, false);
        } else if (kind == 6) {
            report.expiresAt = uint64(block.timestamp + 2 days);
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, 3, false);
        } else if (kind == 7) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKeys[first % SIGNERS], oracle.reportDigest(report));
            reports[0].signatures = abi.encodePacked(
                _signatures(oracle.reportDigest(report), first % SIGNERS + 1, 2, false),
                r,
                bytes32(ORDER - uint256(s)),
                uint8(55 - v)
            );
        } else if (kind == 8) {
            reports[0].signatures = abi.encodePacked(
                _signatures(oracle.reportDigest(report), first, 2, false), new bytes(65)
            );
        } else {
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, 4, false);
        }
    }
}
