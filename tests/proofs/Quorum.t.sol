// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FraudOracle} from "../../contracts/FraudOracle.sol";
import {SignerSet} from "../../contracts/libraries/SignerSet.sol";
import {RiskReport, RiskThresholds, SignedBatch, SignedReport} from "../../contracts/libraries/Types.sol";

/// @title No verdict without as many signers as must agree, for all reports and all signatures of a given number
/// @dev Quorums of one, of two and of three, of three signers each (the first also of one alone). ecrecover is any function to
/// halmos: whom a signature is of is what it answers here and in the oracle alike.
contract QuorumProof {
    address internal constant ADMIN = address(0xA1);
    address internal constant ANNE = address(0x51);
    address internal constant BERT = address(0x52);
    address internal constant CLEO = address(0x53);

    FraudOracle internal alone;
    FraudOracle internal anyOfThree;
    FraudOracle internal oracle;
    FraudOracle internal unanimous;

    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    function setUp() public {
        (alone, anyOfThree) = (_new(1, 1), _new(1, 3));
        (oracle, unanimous) = (_new(2, 3), _new(3, 3));
    }

    function _new(uint8 quorum, uint256 size) private returns (FraudOracle) {
        address[] memory admins = new address[](1);
        admins[0] = ADMIN;
        address[] memory signers = new address[](size);
        for (uint256 i = 0; i < size; ++i) {
            signers[i] = [ANNE, BERT, CLEO][i];
        }
        return new FraudOracle(
            FraudOracle.Setup(ADMIN, 1 days, admins, signers, quorum, RiskThresholds(20, 40, 60, 80), 1 days, address(0))
        );
    }

    /// @notice Where one is enough, of a single signer: it is that signer's signature, on a report on the payment.
    function check_quorum_ofOneAlone(bytes32 id, RiskReport calldata report, Signature calldata a) public view {
        if (!_verified(alone, id, report, _packed(a))) return;
        assert(report.paymentId == id && _signer(alone.reportDigest(report), a) == ANNE);
    }

    /// @notice Where one of three is enough, it is one of theirs.
    function check_quorum_ofOneOfThree(bytes32 id, RiskReport calldata report, Signature calldata a) public view {
        if (!_verified(anyOfThree, id, report, _packed(a))) return;
        assert(report.paymentId == id && _isOneOfThem(_signer(anyOfThree.reportDigest(report), a)));
    }

    /// @notice Where three must agree, two signatures are never enough.
    function check_quorum_twoOfThreeAreNone(
        bytes32 id,
        RiskReport calldata report,
        Signature calldata a,
        Signature calldata b
    ) public view {
        assert(!_verified(unanimous, id, report, abi.encodePacked(_packed(a), _packed(b))));
    }

    /// @notice And three are only where three signers made them.
    function check_quorum_threeSignaturesAreOfThreeSigners(
        bytes32 id,
        RiskReport calldata report,
        Signature calldata a,
        Signature calldata b,
        Signature calldata c
    ) public view {
        if (!_verified(unanimous, id, report, abi.encodePacked(_packed(a), _packed(b), _packed(c)))) return;
        bytes32 digest = unanimous.reportDigest(report);
        _assertTwoSigners(_signer(digest, a), _signer(digest, b));
        _assertTwoSigners(_signer(digest, b), _signer(digest, c));
        _assertTwoSigners(_signer(digest, a), _signer(digest, c));
    }

    /// @notice One signature on one report is never enough, whoever made it, of 65 bytes or of 64.
    function check_quorum_oneSignatureIsNone(bytes32 id, RiskReport calldata report, Signature calldata a, bool compact)
        public
        view
    {
        assert(!_verified(oracle, id, report, compact ? abi.encodePacked(a.r, a.s) : _packed(a)));
    }

    /// @notice Two signatures on one report are enough only where two signers made them.
    function check_quorum_twoSignaturesAreOfTwoSigners(
        bytes32 id,
        RiskReport calldata report,
        Signature calldata a,
        Signature calldata b
    ) public view {
        if (!_verified(oracle, id, report, abi.encodePacked(_packed(a), _packed(b)))) return;
        assert(report.paymentId == id);
        bytes32 digest = oracle.reportDigest(report);
        _assertTwoSigners(_signer(digest, a), _signer(digest, b));
    }

    /// @notice Nor are signatures on two reports that differ.
    function check_quorum_twoReportsAreOfTwoSigners(
        bytes32 id,
        RiskReport calldata one,
        RiskReport calldata other,
        Signature calldata a,
        Signature calldata b
    ) public view {
        SignedReport[] memory reports = new SignedReport[](2);
        reports[0] = SignedReport(one, _packed(a));
        reports[1] = SignedReport(other, _packed(b));
        if (!_accepted(abi.encodeCall(oracle.verifyReports, (id, reports)))) return;
        assert(one.paymentId == id && other.paymentId == id);
        _assertTwoSigners(_signer(oracle.reportDigest(one), a), _signer(oracle.reportDigest(other), b));
    }

    /// @notice One signature on a batch of one payment is never enough.
    function check_quorum_oneSignatureOnABatchIsNone(bytes32 id, RiskReport calldata report, Signature calldata a)
        public
        view
    {
        assert(!_accepted(abi.encodeCall(oracle.verifyBatch, (_one(id), _batch(report, _packed(a))))));
    }

    /// @notice Two signatures on a batch of one payment are enough only where two signers made them.
    function check_quorum_aBatchIsOfTwoSigners(
        bytes32 id,
        RiskReport calldata report,
        Signature calldata a,
        Signature calldata b
    ) public view {
        SignedBatch[] memory batches = _batch(report, abi.encodePacked(_packed(a), _packed(b)));
        if (!_accepted(abi.encodeCall(oracle.verifyBatch, (_one(id), batches)))) return;
        assert(report.paymentId == id);
        bytes32 digest = oracle.batchDigest(batches[0].reports);
        _assertTwoSigners(_signer(digest, a), _signer(digest, b));
    }

    /// @notice Where a signer sits among four: at the first place that holds the address, or nowhere.
    function check_quorum_seats(address a, address b, address c, address d, address signer) public pure {
        uint256 seat = SignerSet.seatOf(abi.encodePacked(a, b, c, d), signer);
        assert(seat == (signer == a ? 1 : signer == b ? 2 : signer == c ? 3 : signer == d ? 4 : 0));
    }

    function _verified(FraudOracle by, bytes32 id, RiskReport calldata report, bytes memory signatures)
        private
        view
        returns (bool success)
    {
        SignedReport[] memory reports = new SignedReport[](1);
        reports[0] = SignedReport(report, signatures);
        (success,) = address(by).staticcall(abi.encodeCall(by.verifyReports, (id, reports)));
    }

    function _accepted(bytes memory data) private view returns (bool success) {
        (success,) = address(oracle).staticcall(data);
    }

    function _assertTwoSigners(address a, address b) private pure {
        assert(_isOneOfThem(a) && _isOneOfThem(b) && a != b);
    }

    function _isOneOfThem(address account) private pure returns (bool) {
        return account == ANNE || account == BERT || account == CLEO;
    }

    function _signer(bytes32 digest, Signature calldata signature) private pure returns (address) {
        return ecrecover(digest, signature.v, signature.r, signature.s);
    }

    function _packed(Signature calldata signature) private pure returns (bytes memory) {
        return abi.encodePacked(signature.r, signature.s, signature.v);
    }

    function _one(bytes32 id) private pure returns (bytes32[] memory ids) {
        ids = new bytes32[](1);
        ids[0] = id;
    }

    function _batch(RiskReport calldata report, bytes memory signatures)
        private
        pure
        returns (SignedBatch[] memory batches)
    {
        batches = new SignedBatch[](1);
        batches[0].reports = new RiskReport[](1);
        batches[0].reports[0] = report;
        batches[0].signatures = signatures;
    }
}
