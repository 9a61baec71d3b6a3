"""What a deployment refuses to begin with, and addresses that cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import DELAY, UNLIMITED, ZERO, System
from eth_abi import encode
from eth_utils import keccak
from support import refused, replace_code, returning, reverting_with, signer_account
from web3.exceptions import ContractCustomError

LIMITS = (20, 40, 60, 80)


def oracle_setup(system: System, **changes: Any) -> tuple[Any, ...]:
    setup = {
        "admin": system.admin,
        "delay": DELAY,
        "risk_admins": [system.admin],
        "signers": [signer_account(1).address],
        "quorum": 1,
        "limits": LIMITS,
        "lifetime": 3600,
        "core": system.core,
    }
    return tuple({**setup, **changes}.values())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"delay": 0}, "InvalidDelay"),
        ({"delay": 30 * 86_400 + 1}, "InvalidDelay"),
        ({"quorum": 0}, "InvalidQuorum"),
        ({"quorum": 16}, "InvalidQuorum"),
        ({"limits": (20, 40, 40, 80)}, "InvalidThresholds"),
        ({"limits": (0, 40, 60, 80)}, "InvalidThresholds"),
        ({"limits": (20, 40, 60, 96)}, "InvalidThresholds"),
        ({"lifetime": 0}, "InvalidMaxLifetime"),
        ({"lifetime": 30 * 86_400 + 1}, "InvalidMaxLifetime"),
        ({"signers": [ZERO]}, "ZeroAddress"),
        ({"admin": ZERO}, "AccessControlInvalidDefaultAdmin"),
    ],
)
def test_oracle__impossible_setup__cannot_be_deployed(
    system: System, project: Any, change: dict[str, Any], error: str
) -> None:
    named = {"what": "signer"} if error == "ZeroAddress" else {}
    with refused(getattr(system.oracle, error), **named):
        system.stranger.deploy(project.FraudOracle, oracle_setup(system, **change))


def test_compliance__no_tiers_or_wrong_ones__cannot_be_deployed(system: System, project: Any) -> None:
    def setup(tiers: list[Any], source: str = ZERO) -> tuple[Any, ...]:
        return (system.admin, DELAY, [system.officer], tiers, 1, source, system.admin)

    for given in (0, 17):
        with refused(system.compliance.InvalidTierCount, given=given, largest=16):
            system.stranger.deploy(project.ComplianceEngine, setup([(1, 1, 1, True)] * given))
    with refused(system.compliance.InvalidTier):
        system.stranger.deploy(project.ComplianceEngine, setup([(UNLIMITED, 1, 1, True)]))
    with refused(system.compliance.SourceWithoutCode, source=system.payee.address):
        system.stranger.deploy(project.ComplianceEngine, setup([(1, 1, 1, True)], system.payee.address))


def core_setup(system: System, settle: int = 60, tokens: Any = ()) -> tuple[Any, ...]:
    people = ([system.admin], [system.reviewer], [system.officer], [system.admin])
    return (system.admin, DELAY, *people, system.stranger, settle, 60, list(tokens))


def test_core__impossible_windows_and_tokens__cannot_be_deployed(system: System, project: Any) -> None:
    with refused(system.core.InvalidWindow, window=59):
        system.stranger.deploy(project.PayFlowCore, core_setup(system, 59))
    with refused(system.core.TokenCannotBeListed, token=system.payee.address):
        system.stranger.deploy(project.PayFlowCore, core_setup(system, 60, [system.payee]))


def test_bind__once_by_the_deployer_and_to_contracts_only__opens_the_core(system: System, project: Any) -> None:
    core = system.stranger.deploy(project.PayFlowCore, core_setup(system, 60, [system.token]))
    with refused(core.NotBound, binder=system.stranger.address):
        core.unpause(sender=system.admin)
    with refused(core.EnforcedPause):
        core.createPayment(system.payee, system.token, 1, bytes(16), sender=system.payer)
    with refused(core.OnlyBinder, caller=system.admin.address, binder=system.stranger.address):
        core.bind(system.oracle, system.compliance, sender=system.admin)
    oracle, engine = (system.stranger.deploy(project.NonsenseModule, core) for _ in range(2))
    for parts in ((system.payee, engine), (oracle, system.payee)):
        with refused(core.NotAContract, account=system.payee.address):
            core.bind(*parts, sender=system.stranger)
    for parts, foreign in (((system.oracle, engine), system.oracle), ((oracle, system.compliance), system.compliance)):
        with refused(core.BoundElsewhere, part=foreign.address, core=system.core.address):
            core.bind(*parts, sender=system.stranger)
    core.bind(oracle, engine, sender=system.stranger)
    assert (core.oracle(), core.compliance(), core.paused()) == (oracle.address, engine.address, False)
    with refused(core.AlreadyBound, oracle=oracle.address, compliance=engine.address):
        core.bind(oracle, engine, sender=system.stranger)


def test_compliance__without_a_core__cannot_be_deployed(system: System, project: Any) -> None:
    creation = project.ComplianceEngine((system.admin, DELAY, [system.officer], [(1, 1, 1, True)], 1, ZERO, ZERO))
    # not by ape, which stumbles over the trace of this one
    with pytest.raises(ContractCustomError) as refusal:
        system.chain.provider.web3.eth.call({"from": system.stranger.address, "data": creation.data})
    assert refusal.value.data == "0x" + (keccak(text="ZeroAddress(string)")[:4] + encode(["string"], ["core"])).hex()


def test_lists__zero_address__refused(system: System, accounts: Any) -> None:
    with refused(system.oracle.ZeroAddress, what="wallet"):
        system.oracle.blacklistWallet(ZERO, "", sender=system.admin)
    with refused(system.compliance.ZeroAddress, what="account"):
        system.compliance.sanction(ZERO, "", sender=system.officer)
    call = system.oracle.whitelistWallet.encode_input(ZERO)
    system.oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.oracle.ZeroAddress, what="wallet"):
        system.oracle.executeChange(call, sender=system.admin)


def test_one_signer_path__zero_address__refused(system: System, accounts: Any) -> None:
    node = accounts[8]
    system.change(system.oracle, system.oracle.grantRole.encode_input(system.oracle.AI_ORACLE_ROLE(), node))
    with refused(system.oracle.ZeroAddress, what="wallet"):
        system.oracle.updateRiskScore(ZERO, 1, bytes(32), sender=node)
    for sender, recipient, what in ((ZERO, system.payee, "sender"), (system.payer, ZERO, "recipient")):
        with refused(system.oracle.ZeroAddress, what=what):
            system.oracle.analyzeTransaction(bytes(32), sender, recipient, 1, 1, 1, 1, 1, 1, sender=node)


@pytest.mark.parametrize("answer", [b"", b"\x11" * 31])
@pytest.mark.parametrize("reverts", [False, True])
def test_replace__with_what_names_no_core_after_one_that_does__names_none(
    system: System, project: Any, answer: bytes, reverts: bool
) -> None:
    """What an answer before left in memory is not taken for one."""
    core = system.stranger.deploy(project.PayFlowCore, core_setup(system, 60, [system.token]))
    oracle, nothing = (system.stranger.deploy(project.NonsenseModule, core) for _ in range(2))
    replace_code(system, nothing.address, (reverting_with if reverts else returning)(answer))
    with refused(core.BoundElsewhere, part=nothing.address, core=ZERO):
        core.bind(oracle, nothing, sender=system.stranger)
