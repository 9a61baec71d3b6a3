"""Words against eth_abi, and calldata against the committed ABIs."""

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.chain.abi import load_abi
from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import load_deployment
from oracle.signing import RiskReport
from oracle.signing.words import signed_reports, word, words
from tests.oracle.devnet import Devnet
from tests.oracle.signing.test_typed_data import reports

REPORT = "(bytes32,uint8,uint8,uint8,uint8,uint8,uint8,uint32,bytes32,bytes32,uint64,uint64)"
TERMS = ["uint256", "address", "address", "address", "address", "uint256", "bytes16"]

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
amounts = st.integers(0, 2**256 - 1)
signatures = st.binary(max_size=200) | st.binary(min_size=64, max_size=65)
terms = st.builds(
    PaymentTerms,
    sender=addresses,
    recipient=addresses,
    token=addresses,
    amount=amounts,
    reference=st.binary(min_size=16, max_size=16).map(lambda raw: "0x" + raw.hex()),
)


@settings(max_examples=300, deadline=None)
@given(number=amounts, address=addresses, fixed=st.binary(min_size=1, max_size=32), yes=st.booleans())
def test_words__random_values__the_bytes_of_eth_abi(number: int, address: str, fixed: bytes, yes: bool) -> None:
    types = ["uint256", "address", f"bytes{len(fixed)}", "bool"]
    assert words((number, address, fixed, yes)) == encode(types, [number, address, fixed, yes])


@settings(max_examples=200, deadline=None)
@given(given_reports=st.lists(st.tuples(reports(), signatures), max_size=4))
def test_signed_reports__random_reports__the_bytes_of_eth_abi(given_reports: list[tuple[RiskReport, bytes]]) -> None:
    members = [(report.as_abi(), signed) for report, signed in given_reports]
    # eth_abi puts the offset of a single dynamic argument before it
    assert word(32) + signed_reports(members) == encode([f"({REPORT},bytes)[]"], [members])


@settings(max_examples=200, deadline=None)
@given(paid=terms, chain_id=amounts, core=addresses)
def test_payment_ids__random_terms__keccak_of_the_bytes_of_eth_abi(
    paid: PaymentTerms, chain_id: int, core: str
) -> None:
    preimage = [chain_id, core, *paid.as_abi()]
    escrowed, instant = encode(TERMS, preimage), encode([*TERMS, "bool"], [*preimage, True])
    assert paid.payment_id(chain_id=chain_id, core=core) == "0x" + keccak(escrowed).hex()
    assert paid.instant_id(chain_id=chain_id, core=core) == "0x" + keccak(instant).hex()


def test_calldata__random_terms_and_reports__the_bytes_by_the_committed_abi(shared_net: Devnet) -> None:
    contracts = Contracts(shared_net.anvil.rpc, load_deployment(shared_net.folder / "31337.json"))
    functions = load_abi("PayFlowCore").functions

    @settings(max_examples=200, deadline=None)
    @given(paid=terms, given_reports=st.lists(st.tuples(reports(), signatures), max_size=4))
    def check(paid: PaymentTerms, given_reports: list[tuple[RiskReport, bytes]]) -> None:
        members = [(report.as_abi(), signed) for report, signed in given_reports]
        arguments = (paid.as_abi(), members)
        assert contracts.pay_instant(paid, members) == functions["payInstant"].call_data(*arguments)
        assert contracts.settle(paid, members) == functions["settleNow"].call_data(*arguments)

    check()


@pytest.mark.parametrize(
    "value", [-1, 2**256, b"\1" * 33, "0x" + "ab" * 19, "0x" + "ab" * 21, "0x" + " ab " * 10, "0x" + "zz" * 20, ""]
)
def test_word__value_that_does_not_fit__is_refused(value: int | str | bytes) -> None:
    with pytest.raises((OverflowError, ValueError)):
        word(value)
