"""Custom errors and events by the committed ABIs."""

from eth_abi.abi import encode

from oracle.chain.abi import ContractAbi, load_abi, refusal
from oracle.chain.contracts import LISTS, PAYMENT_EVENTS


def error_data(abi: ContractAbi, name: str, *values: object) -> str:
    selector, error = next((key, one) for key, one in abi.errors.items() if one.signature.startswith(f"{name}("))
    return "0x" + (selector + encode([one.type for one in error.inputs], values)).hex()


def test_refusal__custom_error__has_name_and_arguments() -> None:
    core = load_abi("PayFlowCore")
    refused = refusal("settle", error_data(core, "SettleDeadlinePassed", b"\x01" * 32, 10, 11), [core])
    assert refused.error == "SettleDeadlinePassed"
    assert refused.arguments == {"paymentId": "0x" + "01" * 32, "deadline": 10, "timestamp": 11}
    assert "SettleDeadlinePassed(paymentId=0x0101" in str(refused)


def test_refusal__error_of_another_contract__is_found_in_its_abi() -> None:
    abis = [load_abi("PayFlowCore"), load_abi("FraudOracle")]
    refused = refusal("settle", error_data(abis[1], "QuorumMismatch", 1, 2), abis)
    assert refused.reason == "QuorumMismatch(given=1, required=2)"


def test_refusal__requires_text__is_read() -> None:
    data = "0x08c379a0" + encode(["string"], ["because"]).hex()
    assert refusal("settle", data, []).reason == "Error(message=because)"


def test_refusal__panic__is_read() -> None:
    data = "0x4e487b71" + encode(["uint256"], [0x11]).hex()
    assert refusal("settle", data, []).reason == "Panic(code=17)"


def test_refusal__unknown_empty_or_cut_data__keeps_the_raw_bytes() -> None:
    core = load_abi("PayFlowCore")
    cut = error_data(core, "SettleDeadlinePassed", b"\x01" * 32, 10, 11)[:40]
    for data in ("0xdeadbeef", cut):
        assert data in refusal("settle", data, [core]).reason
    assert "empty" in refusal("settle", None, [core]).reason


def test_committed_abis__every_event_that_the_node_reads__is_there() -> None:
    assert set(PAYMENT_EVENTS) <= load_abi("PayFlowCore").events.keys()
    for contract, events in LISTS.items():
        for name, meaning in events.items():
            arguments = {one.name for one in load_abi(contract).events[name].inputs}
            assert {meaning.address, meaning.note or meaning.address} <= arguments
