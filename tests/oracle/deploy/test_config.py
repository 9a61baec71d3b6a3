"""Configurations of deployments: what they may say, and how a mistake is named."""

from pathlib import Path

import pytest

from oracle.deploy import UNLIMITED, core_setup, load_config, oracle_setup, planned
from oracle.errors import DeployConfigInvalid

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.mark.parametrize("name", ["local.toml", "demo.toml", "public.example.toml"])
def test_load_config__shipped_ones__are_valid(name: str) -> None:
    assert load_config(CONFIG / name).chain_id > 0


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        (("quorum = 1", "quorum = 2"), "oracle", "quorum 2 needs as many signers, 1 are named"),
        (('signers = ["test:1"]', 'signers = ["test:1", "test:1"]'), "oracle", "named twice"),
        (("quorum = 1", "quorum = 1\nlow = 15"), "oracle", "safe < low < medium < high"),
        (("settle_window = 3600", "settle_window = 5"), "core.settle_window", "60"),
        (("max_report_lifetime = 86400", "max_report_lifetime = 60"), "", "at least core.settle_window"),
        (("daily = 200_000_000", "daily = 1"), "compliance.tiers.0", "per_payment <= daily"),
        (("daily = 200_000_000", 'daily = "much"'), "compliance.tiers.0", "'unlimited'"),
        (("quorum = 1", "quorun = 1"), "oracle.quorun", "Extra inputs"),
        (("devnet = true", "devnet = false"), "", "at least one token"),
        (("chain_id = 31337", "chain_id = "), "", "not TOML"),
    ],
)
def test_load_config__mistake__is_named(tmp_path: Path, change: tuple[str, str], field: str, said: str) -> None:
    path = tmp_path / "wrong.toml"
    text = (CONFIG / "local.toml").read_text()
    assert change[0] in text
    path.write_text(text.replace(change[0], change[1], 1))
    with pytest.raises(DeployConfigInvalid, match=said) as refused:
        load_config(path)
    assert refused.value.field == field
    assert str(path) in str(refused.value)


def test_load_config__no_such_file__says_so(tmp_path: Path) -> None:
    with pytest.raises(DeployConfigInvalid, match="cannot be read"):
        load_config(tmp_path / "none.toml")


def test_planned__local_configuration__holders_become_addresses() -> None:
    plan = planned(load_config(CONFIG / "local.toml"), lambda holder: f"address of {holder}")
    assert plan["roles"]["reviewers"] == ["address of test:3"]
    assert plan["limits"]["thresholds"] == [20, 40, 60, 80]
    assert plan["limits"]["tiers"][1] == [UNLIMITED, UNLIMITED, UNLIMITED, True]
    assert oracle_setup(plan, core="c")["signers"] == ["address of test:1"]
    assert core_setup(plan, binder="b", tokens=("t",))["settleWindow"] == 3600
