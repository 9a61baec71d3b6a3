// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payment, PaymentStatus, RiskReport, SignedBatch, SignedReport} from "../../../contracts/libraries/Types.sol";
import {IPayFlowCore} from "../../../contracts/interfaces/IPayFlowCore.sol";
import {vm} from "../support/Vm.sol";
import {Payers} from "./Payers.sol";

/// @title What signers do, honest and Byzantine: of a quorum of three, one may say anything
/// @dev While the quorum is one, after a change, one signer does what three do otherwise.
abstract contract Signers is Payers {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @dev A batch as it is brought, and what was before.
    struct Batch {
        Payment[] payments;
        bytes32[] ids;
        RiskReport[] reports;
        Seen[] before;
        bool[] must;
    }

    /// @notice As many signers as must agree.
    function settle(uint256 which, uint8 score, uint256 first, bool compact) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        score = _score(score);
        _settle(payment, _agreed(core.paymentId(payment), score, first, compact), score, score, "settle");
    }

    /// @notice Two honest signers and one who says anything.
    function settleWithALiar(uint256 which, uint8 honest, uint8 spread, uint8 lie, uint256 first) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found || required != 3) return;
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
        else if (_isDueForAVerdict(payment)) _count("settleWithoutQuorum");
        _judge(payment, before, "settleWithoutQuorum");
    }

    /// @notice Several payments at once, by signers who agree or with a liar among them; what cannot be settled stops no other.
    function settleBatch(uint256 from, uint256 size, uint8 score, uint256 first, uint256 lie) external {
        if (payments.length == 0) return;
        Batch memory batch = _batch(from, size, score);
        uint256 spread = 0;
        SignedBatch[] memory signed;
        if (lie % 2 == 1 && required == 3) {
            spread = lie % 20;
            signed = _withALiar(batch.reports, spread, uint8(lie % 101), first % SIGNERS);
        } else {
            signed = new SignedBatch[](1);
            signed[0] = SignedBatch(batch.reports, _signatures(oracle.batchDigest(batch.reports), first, required, false));
        }
        _try(RELAYER, abi.encodeCall(core.settleBatch, (batch.payments, signed)));
        for (uint256 i = 0; i < batch.ids.length; ++i) {
            bytes32 id = batch.ids[i];
            if (core.getPayment(id).status == lastStatus[id]) {
                if (batch.must[i]) _violate(7, "settleBatch");
                continue;
            }
            judged[id] = true;
            if (!_isScored(batch, id, spread)) _violate(3, "settleBatch");
        }
        _judgeBatch(batch, "settleBatch");
    }

    /// @notice What is no quorum on the whole batch, in the order of its payments, settles none of it.
    function settleBatchWithoutQuorum(uint256 from, uint256 size, uint8 score, uint256 first, uint256 kind) external {
        if (payments.length == 0) return;
        Batch memory batch = _batch(from, size, score);
        SignedBatch[] memory signed = _invalidBatch(batch.reports, first, kind);
        bool accepted = _try(THIEF, abi.encodeCall(core.settleBatch, (batch.payments, signed)));
        if (accepted) _violate(3, "settleBatchWithoutQuorum");
        bool due = false;
        for (uint256 i = 0; i < batch.must.length; ++i) {
            due = due || batch.must[i];
        }
        if (due && !accepted) _count("settleBatchWithoutQuorum");
        _judgeBatch(batch, "settleBatchWithoutQuorum");
    }

    /// @notice Instant payments, with a quorum or without.
    function payInstant(uint256 who, uint256 whom, uint256 token, uint256 amount, uint8 score, uint256 kind)
        external
    {
        (Payment memory payment,) = _draft(who, whom, token, amount);
        SignedReport[] memory reports = _instantReports(payment, score, kind);
        bytes memory data = abi.encodeCall(core.payInstant, (payment, reports));
        _payInstant(payment, payment.sender, data, kind % 2 == 0 && !_refused(score), "payInstant");
    }

    /// @notice The same without an approval, by a permit that is good or spoiled.
    function payInstantWithPermit(uint256 who, uint256 whom, uint256 amount, uint8 score, uint256 kind, bool spoiled)
        external
    {
        (Payment memory payment, uint256 key) = _draft(who, whom, 0, amount);
        (uint8 v, bytes32 r, bytes32 s) = _permit(payment, key, spoiled);
        SignedReport[] memory reports = _instantReports(payment, score, kind);
        bytes memory data = abi.encodeCall(core.payInstantWithPermit, (payment, reports, block.timestamp, v, r, s));
        _allow(payment.sender, 0);
        bool rightly = kind % 2 == 0 && !_refused(score) && !spoiled;
        _payInstant(payment, payment.sender, data, rightly, "payInstantWithPermit");
        _allow(payment.sender, type(uint256).max);
    }

    /// @notice The same by an authorisation that anyone may bring, with the terms that were authorised or with others.
    function payInstantByAuthorization(uint256 who, uint256 whom, uint256 amount, uint8 score, uint256 kind, uint256 change)
        external
    {
        (Payment memory payment, uint256 key) = _draft(who, whom, 0, amount);
        // the authorisation for an escrow of the same terms is none for an instant payment
        bool ofTheEscrow = change % 8 == 5;
        bytes32 nonce = ofTheEscrow ? core.paymentId(payment) : core.instantPaymentId(payment);
        bytes memory signature = _authorization(payment, key, nonce);
        bool changed = _changeATerm(payment, change);
        SignedReport[] memory reports = _instantReports(payment, score, kind);
        bytes memory data = abi.encodeCall(
            core.payInstantWithAuthorization, (payment, reports, 0, type(uint256).max, signature)
        );
        bool rightly = kind % 2 == 0 && !_refused(score) && !changed && !ofTheEscrow;
        _payInstant(payment, RELAYER, data, rightly, "payInstantByAuthorization");
    }

    /// @notice A single signer records an analysis, of a payment's own terms or of others; or a thief tries to.
    function analyze(uint256 which, uint8 score, uint256 signer, uint256 change) external {
        (Payment memory told, bool found) = _pick(which);
        if (!found) return;
        bytes32 id = core.paymentId(told);
        bool changed = change % 3 == 0 && _changeATerm(told, 1 + change % 2);
        if (_tryOn(address(oracle), THIEF, _analysis(id, told, score % 101))) _violate(3, "analyze");
        _record(id, told, score % 101, signer, !changed);
    }

    /// @notice Anyone settles by what was recorded, while one signer is enough and for as long as a report would hold.
    /// Every other time on a payment that is opened for it, because a single signer is rarely enough; else by an earlier one.
    function executeRecorded(uint256 which, uint8 score, uint256 signer) external {
        (Payment memory payment, bool found) = _pick(which);
        if (score % 2 == 0 && required == 1) {
            (payment,) = _draft(which, which / 3, 0, which);
            found = _open(payment, "open");
        }
        if (!found) return;
        bytes32 id = core.paymentId(payment);
        if (score % 2 == 0) _record(id, payment, score % 101, signer, true);
        Recorded memory analysis = recorded[id];
        Seen memory before = _look(payment);
        if (_try(RELAYER, abi.encodeCall(core.executePayment, (id)))) {
            bool rightly =
                required == 1 && analysis.ofItsTerms && block.timestamp <= analysis.since + oracle.maxReportLifetime();
            if (!rightly || _state(payment).score != analysis.score) _violate(3, "executeRecorded");
            judged[id] = judged[id] || rightly;
        }
        _judge(payment, before, "executeRecorded");
    }

    /// @notice Anyone settles for a sender who is spared the score.
    function executeWhitelisted(uint256 which) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        bytes32 id = core.paymentId(payment);
        Seen memory before = _look(payment);
        if (_try(RELAYER, abi.encodeCall(core.executeWhitelisted, (payment)))) {
            bool rightly = spared[payment.sender] && !oracle.isBlacklisted(payment.sender);
            if (!rightly) _violate(3, "executeWhitelisted");
            judged[id] = judged[id] || rightly;
        }
        _judge(payment, before, "executeWhitelisted");
    }

    function _record(bytes32 id, Payment memory told, uint8 score, uint256 signer, bool ofItsTerms) private {
        if (!_tryOn(address(oracle), signers[signer % SIGNERS], _analysis(id, told, score))) return;
        if (required != 1) _violate(3, "analyze");
        recorded[id] = Recorded(block.timestamp, score, ofItsTerms);
        _count("analyze");
    }

    function _analysis(bytes32 id, Payment memory told, uint8 score) private view returns (bytes memory) {
        return abi.encodeCall(
            oracle.analyzeTransaction, (id, told.sender, told.recipient, told.amount, score, score, score, score, score)
        );
    }

    function _payInstant(Payment memory payment, address caller, bytes memory data, bool rightly, string memory action)
        private
    {
        Seen memory before = _look(payment);
        bool gone = given[payment.sender][payment.ref];
        if (!_try(caller, data)) return;
        if (!rightly) _violate(3, action);
        if (gone) _violate(6, action);
        if (_isListed(payment.recipient) || _isListed(payment.sender) || !_sourceAnswers()) _violate(5, action);
        given[payment.sender][payment.ref] = true;
        Seen memory now_ = _look(payment);
        if (now_.recipient - before.recipient != payment.amount || now_.core != before.core) _violate(2, action);
        if (before.sender - now_.sender != payment.amount) _violate(2, action);
        // the reference is used up, and the escrow of the same terms is another payment
        _allow(payment.sender, type(uint256).max);
        if (_try(caller, data)) _violate(2, action);
        if (now_.status != before.status) _violate(2, action);
        _count(action);
    }

    function _refused(uint8 score) private view returns (bool) {
        return score % 101 > oracle.thresholds().medium;
    }

    function _instantReports(Payment memory payment, uint8 score, uint256 kind)
        private
        view
        returns (SignedReport[] memory)
    {
        bytes32 id = core.instantPaymentId(payment);
        return kind % 2 == 0 ? _agreed(id, score % 101, kind / 2, true) : _invalid(id, kind / 2, score % 101, kind);
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

    function _batch(uint256 from, uint256 size, uint8 score) private view returns (Batch memory batch) {
        size = 1 + size % 6;
        batch.payments = new Payment[](size);
        batch.ids = new bytes32[](size);
        batch.reports = new RiskReport[](size);
        batch.before = new Seen[](size);
        batch.must = new bool[](size);
        for (uint256 i = 0; i < size; ++i) {
            Payment memory payment = payments[(from % payments.length + i) % payments.length];
            batch.payments[i] = payment;
            batch.ids[i] = core.paymentId(payment);
            batch.reports[i] = _report(batch.ids[i], uint8((uint256(_score(score)) + i * 13) % 101));
            batch.before[i] = _look(payment);
            batch.must[i] = payment.token == address(coin) && _isDueForAVerdict(payment) && _sourceAnswers();
        }
    }

    /// @dev Whether the payment has a score from a report on it up to `spread` above; one that is there twice has two reports.
    function _isScored(Batch memory batch, bytes32 id, uint256 spread) private view returns (bool) {
        uint256 score = core.getPayment(id).score;
        for (uint256 i = 0; i < batch.ids.length; ++i) {
            uint256 low = batch.reports[i].overallScore;
            if (batch.ids[i] == id && score >= low && score <= low + spread) return true;
        }
        return false;
    }

    /// @dev One payment may be in the batch twice, and the same parties in several: each party's balance, and the core's, must
    /// have changed by the sum of what the new statuses say. Where they are all right, nobody else has got anything.
    function _judgeBatch(Batch memory batch, string memory action) private {
        uint256 size = batch.ids.length;
        address[] memory payees = new address[](size);
        for (uint256 i = 0; i < size; ++i) {
            PaymentStatus from = lastStatus[batch.ids[i]];
            PaymentStatus to = core.getPayment(batch.ids[i]).status;
            if (from == to) continue; // unchanged, or counted as an earlier one of the batch
            _count(action);
            if (from != batch.before[i].status) _violate(2, action);
            payees[i] = _step(batch.payments[i], from, to, action);
        }
        for (uint256 i = 0; i < size; ++i) {
            Payment memory payment = batch.payments[i];
            Seen memory due = batch.before[i];
            for (uint256 j = 0; j < size; ++j) {
                if (payees[j] == address(0) || batch.payments[j].token != payment.token) continue;
                uint256 amount = batch.payments[j].amount;
                due.core -= amount;
                if (payees[j] == payment.sender) due.sender += amount;
                if (payees[j] == payment.recipient) due.recipient += amount;
            }
            Seen memory now_ = _look(payment);
            if (now_.core != due.core || now_.sender != due.sender || now_.recipient != due.recipient) _violate(2, action);
        }
    }

    /// @dev One in three is HIGH, for the reviewers to have something to do.
    function _score(uint8 seed) private pure returns (uint8) {
        return seed % 3 == 0 ? 61 + seed % 20 : seed % 101;
    }

    function _isDueForAVerdict(Payment memory payment) private view returns (bool) {
        IPayFlowCore.PaymentState memory state = _state(payment);
        return state.status == PaymentStatus.Pending && block.timestamp <= state.settleDeadline && !core.paused();
    }

    /// @dev The liar says anything; of the honest two one is `spread` above the other. Reports hold the lower of their scores.
    function _withALiar(RiskReport[] memory reports, uint256 spread, uint8 lie, uint256 first)
        private
        view
        returns (SignedBatch[] memory signed)
    {
        signed = new SignedBatch[](3);
        for (uint256 s = 0; s < 3; ++s) {
            RiskReport[] memory said = new RiskReport[](reports.length);
            for (uint256 i = 0; i < reports.length; ++i) {
                uint256 score = reports[i].overallScore;
                if (s == 1) score = score + spread > 100 ? 100 : score + spread;
                said[i] = _report(reports[i].paymentId, s == 2 ? lie : uint8(score));
            }
            signed[s] = SignedBatch(said, _signatures(oracle.batchDigest(said), first + s, 1, false));
        }
    }

    /// @dev Ten ways for a batch to have no quorum.
    function _invalidBatch(RiskReport[] memory reports, uint256 first, uint256 kind)
        private
        view
        returns (SignedBatch[] memory signed)
    {
        kind %= 10;
        uint256 last = reports.length - 1;
        // what is signed is wrong
        if (kind == 0) {
            (reports[0], reports[last]) = (reports[last], reports[0]);
            if (reports[0].paymentId == reports[last].paymentId) reports[0].paymentId = keccak256("another payment");
        } else if (kind == 1) {
            (reports[last].issuedAt, reports[last].expiresAt) = (uint64(block.timestamp - 10), uint64(block.timestamp - 1));
        } else if (kind == 2) {
            reports[last].expiresAt = uint64(block.timestamp + oracle.maxReportLifetime() + 1);
        } else if (kind == 3) {
            RiskReport[] memory fewer = new RiskReport[](last);
            for (uint256 i = 0; i < last; ++i) {
                fewer[i] = reports[i];
            }
            reports = fewer;
        }
        bytes32 digest = oracle.batchDigest(reports);
        signed = new SignedBatch[](kind == 9 ? 2 : 1);
        signed[0] = SignedBatch(reports, _signatures(digest, first, required, false));
        // those who sign are
        if (kind == 4) {
            signed[0].signatures = _signatures(digest, first, required - 1, false);
        } else if (kind == 5) {
            bytes memory once = _signatures(digest, first, 1, false);
            signed[0].signatures = abi.encodePacked(once, once, once);
        } else if (kind == 6) {
            signed[0].signatures =
                abi.encodePacked(_signatures(digest, first, required - 1, false), _signature(0xBAD, digest, false));
        } else if (kind == 7) {
            signed[0].signatures = _signatures(digest, first, required + 1, false);
        } else if (kind == 8) {
            // a liar changes what the others have signed
            reports[0].overallScore = uint8((uint256(reports[0].overallScore) + 1) % 101);
        } else if (kind == 9) {
            // one of them once more, in a batch of its own
            signed[0].signatures = _signatures(digest, first, required == 1 ? 1 : required - 1, false);
            signed[1] = SignedBatch(reports, _signatures(digest, first, 1, false));
        }
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
        reports[0].signatures = _signatures(oracle.reportDigest(reports[0].report), first, required, compact);
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
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, required - 1, false);
        } else if (kind == 1) {
            bytes memory twice = _signatures(oracle.reportDigest(report), first, 1, false);
            reports[0].signatures = abi.encodePacked(twice, twice, twice);
        } else if (kind == 2) {
            reports[0].signatures = abi.encodePacked(
                _signatures(oracle.reportDigest(report), first, required - 1, false),
                _signature(0xBAD, oracle.reportDigest(report), false)
            );
        } else if (kind == 3) {
            report.overallScore = uint8((uint256(score) + 1) % 101);
        } else if (kind == 4) {
            report.paymentId = keccak256("another payment");
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, required, false);
        } else if (kind == 5) {
            (report.issuedAt, report.expiresAt) = (uint64(block.timestamp - 10), uint64(block.timestamp - 1));
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, required, false);
        } else if (kind == 6) {
            report.expiresAt = uint64(block.timestamp + oracle.maxReportLifetime() + 1);
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, required, false);
        } else if (kind == 7) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKeys[first % SIGNERS], oracle.reportDigest(report));
            reports[0].signatures = abi.encodePacked(
                _signatures(oracle.reportDigest(report), first % SIGNERS + 1, required - 1, false),
                r,
                bytes32(ORDER - uint256(s)),
                uint8(55 - v)
            );
        } else if (kind == 8) {
            reports[0].signatures = abi.encodePacked(
                _signatures(oracle.reportDigest(report), first, required - 1, false), new bytes(65)
            );
        } else {
            reports[0].signatures = _signatures(oracle.reportDigest(report), first, required + 1, false);
        }
    }
}
