"""Deployment files: what is read from them, and what each mistake in one says."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.contracts import Contracts
from oracle.chain.deployment import Token, load_deployment
from oracle.chain.rpc import Rpc
from oracle.errors import (
    DeploymentInvalid,
    DeploymentMismatch,
    DeploymentMissing,
    InvalidAmount,
    RpcInconsistent,
    TokenUnknown,
    WrongChain,
)
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import FaultyRpc

DOLLAR = Token("0x" + "aa" * 20, "pUSD", 6)


def changed(net: Devnet, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    document = json.loads((net.folder / "31337.json").read_text())
    change(document)
    path = tmp_path / "31337.json"
    path.write_text(json.dumps(document))
    return path


def test_load_deployment__a_good_file__has_everything(shared_net: Devnet) -> None:
    deployment = load_deployment(shared_net.folder / "31337.json", chain_id=31337)
    assert deployment.core.address == shared_net.core
    assert deployment.first_block == 1
    assert deployment.token("pusd") == deployment.token(shared_net.token.upper().replace("X", "x"))
    assert deployment.token(None).decimals == 6
    contracts = Contracts(Rpc(shared_net.anvil.url, timeout=5, retries=0), deployment)
    contracts.check_chain()
    contracts.check_code()


def test_token__unknown__lists_the_known_ones(shared_net: Devnet) -> None:
    with pytest.raises(TokenUnknown, match="pUSD"):
        load_deployment(shared_net.folder / "31337.json").token("EURX")


def test_load_deployment__no_file__says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DeploymentMissing, match=r"chain 5 .*payflow deploy"):
        load_deployment(tmp_path / "5.json", chain_id=5)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda one: one["contracts"].pop("PayFlowCore"), "contracts.PayFlowCore"),
        (lambda one: one["contracts"]["FraudOracle"].pop("address"), "contracts.FraudOracle.address"),
        (lambda one: one["contracts"]["FraudOracle"].update(address="0x12"), "contracts.FraudOracle.address"),
        (lambda one: one.update(schema=2), "schema"),
        (lambda one: one.update(quorum=0), "quorum"),
        (lambda one: one.update(chain_id=5), "chain_id"),
        (lambda one: one["tokens"][0].update(decimals=-1), "tokens.0.decimals"),
    ],
)
def test_load_deployment__broken_field__is_named(
    shared_net: Devnet, tmp_path: Path, change: Callable[[dict[str, Any]], Any], field: str
) -> None:
    with pytest.raises(DeploymentInvalid) as refused:
        load_deployment(changed(shared_net, tmp_path, change), chain_id=31337)
    assert refused.value.field == field


def test_load_deployment__half_a_file__says_where_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "31337.json"
    path.write_text('{"schema": 1,')
    with pytest.raises(DeploymentInvalid, match="not JSON"):
        load_deployment(path)


def test_check_chain__other_genesis__is_the_wrong_chain(shared_net: Devnet, tmp_path: Path) -> None:
    path = changed(shared_net, tmp_path, lambda one: one.update(genesis_hash="0x" + "12" * 32))
    contracts = Contracts(Rpc(shared_net.anvil.url, timeout=5, retries=0), load_deployment(path))
    with pytest.raises(WrongChain, match="genesis hash"):
        contracts.check_chain()


def test_check_code__none_where_there_was_some__is_a_backend_that_lags(shared_net: Devnet) -> None:
    deployment = load_deployment(shared_net.folder / "31337.json")
    with closing(FaultyRpc(shared_net.anvil.url)) as faulty:
        contracts = Contracts(Rpc(faulty.url, timeout=5, retries=0), deployment)
        contracts.check_code()
        faulty.fault = lambda call, answer: {"result": "0x"} if call["method"] == "eth_getCode" else answer
        with pytest.raises(RpcInconsistent, match="which was there"):
            contracts.check_code()
        faulty.fault = lambda call, answer: {"result": "0x6001"} if call["method"] == "eth_getCode" else answer
        with pytest.raises(DeploymentMismatch):
            contracts.check_code()
        faulty.fault = None
        contracts.check_code()


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["contracts"]["PayFlowCore"].update(code_hash="0x" + "12" * 32),
        lambda one: one["contracts"]["PayFlowCore"].update(address="0x" + "12" * 20),
    ],
)
def test_check_code__other_code_or_none__is_a_mismatch(
    shared_net: Devnet, tmp_path: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    path = changed(shared_net, tmp_path, change)
    contracts = Contracts(Rpc(shared_net.anvil.url, timeout=5, retries=0), load_deployment(path))
    with pytest.raises(DeploymentMismatch, match="PayFlowCore"):
        contracts.check_code()


@pytest.mark.parametrize(
    ("text", "units"),
    [("12.5", 12_500_000), ("0.000001", 1), (3, 3_000_000), ("1e3", 10**9), (str(2**200), 2**200 * 10**6)],
)
def test_units__exact_amounts__come_back_as_text(text: str | int, units: int) -> None:
    assert DOLLAR.units(text) == units
    assert DOLLAR.units(DOLLAR.text(units)) == units


@pytest.mark.parametrize(
    "text", ["0", "-1", "0.0000001", "abc", "", "NaN", "Infinity", str(2**256), "1e999999", "1." + "0" * 300 + "1"]
)
def test_units__impossible_amounts__are_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        DOLLAR.units(text)


def test_text__no_decimals__is_the_number() -> None:
    assert Token("0x" + "aa" * 20, "X", 0).text(17) == "17"
