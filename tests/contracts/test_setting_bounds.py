"""Settings one below, exactly at, and one above their bounds, and what counts as loosening."""

from __future__ import annotations

from typing import Any

from conftest import DELAY, LIFETIME, UNLIMITED, ZERO, Deploy, System
from eth_utils import keccak
from support import DOLLAR, REFUSAL, refused

MONTH = 30 * 86_400
MOST_DAILY, MOST_MONTHLY = 2**28 - 1, 2**31 - 1


def test_settings__as_they_are_already__are_no_loosening(system: System) -> None:
    oracle, engine = system.oracle, system.compliance
    oracle.setQuorum(oracle.quorum(), sender=system.admin)
    oracle.setMaxReportLifetime(LIFETIME, sender=system.admin)
    oracle.setThresholds((20, 40, 60, 80), sender=system.admin)
    engine.setTravelRule(100_000, sender=system.admin)
    engine.setTier(0, tuple(engine.tierLimits(0)), sender=system.admin)


def test_settings__one_step_looser_in_any_part__wait(system: System) -> None:
    oracle, engine = system.oracle, system.compliance
    oracle.setMaxReportLifetime(3600, sender=system.admin)
    engine.setTier(0, (100, 200, 300, True), sender=system.admin)
    for place in range(4):
        limits = [20, 40, 60, 80]
        limits[place] += 1
        with refused(oracle.LooseningWaits, what="thresholds"):
            oracle.setThresholds(tuple(limits), sender=system.admin)
    for place in range(3):
        tier: list[Any] = [100, 200, 300, True]
        tier[place] += 1
        with refused(engine.LooseningWaits, what="tier"):
            engine.setTier(0, tuple(tier), sender=system.admin)
    with refused(oracle.LooseningWaits, what="report lifetime"):
        oracle.setMaxReportLifetime(3601, sender=system.admin)
    with refused(engine.LooseningWaits, what="travel rule"):
        engine.setTravelRule(100_001, sender=system.admin)


def test_settings__at_their_bounds__are_accepted_and_one_beyond_refused(system: System) -> None:
    oracle, core = system.oracle, system.core
    for call in (
        oracle.setThresholds.encode_input((1, 2, 94, 95)),
        oracle.setMaxReportLifetime.encode_input(MONTH),
        oracle.setQuorum.encode_input(15),
    ):
        system.change(oracle, call)
    assert tuple(oracle.thresholds()) == (1, 2, 94, 95)
    assert (oracle.maxReportLifetime(), oracle.quorum()) == (MONTH, 15)
    for settle, review in ((60, MONTH), (MONTH, 60)):
        system.change(core, core.setWindows.encode_input(settle, review))
        assert tuple(core.windows()) == (settle, review)
    calls = [
        (oracle, oracle.setMaxReportLifetime.encode_input(MONTH + 1), oracle.InvalidMaxLifetime),
        *(
            (core, core.setWindows.encode_input(*windows), core.InvalidWindow)
            for windows in ((59, 60), (60, 59), (MONTH + 1, 60), (60, MONTH + 1))
        ),
    ]
    for contract, call, _ in calls:
        contract.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    for contract, call, error in calls:
        with refused(error):
            contract.executeChange(call, sender=system.admin)


def test_tier__at_the_bounds_of_the_windows__accepted_and_out_of_order_refused(system: System) -> None:
    engine = system.compliance
    for limits in (
        (MOST_DAILY, MOST_DAILY, MOST_MONTHLY, True),
        (MOST_MONTHLY, UNLIMITED, UNLIMITED, True),
        (1, MOST_DAILY, UNLIMITED, True),
    ):
        system.change(engine, engine.setTier.encode_input(0, limits))
        assert tuple(engine.tierLimits(0)) == limits
    for wrong in ((2, 1, 2, True), (1, 2, 1, True), (1, 2**28, UNLIMITED, True), (1, 1, 2**31, True)):
        with refused(engine.InvalidTier, perPayment=wrong[0], daily=wrong[1], monthly=wrong[2]):
            engine.setTier(0, wrong, sender=system.admin)


def test_tier__beyond_the_last_one__is_added_after_the_delay_and_demands_references_too(system: System) -> None:
    engine = system.compliance
    with refused(engine.UnknownTier, tier=2, tiers=2):
        engine.tierLimits(2)
    with refused(engine.LooseningWaits, what="tier"):
        engine.setTier(2, (0, 0, 0, False), sender=system.admin)
    limits = (200_000, 300_000, 400_000, True)
    system.change(engine, engine.setTier.encode_input(2, limits))
    assert (engine.tierCount(), tuple(engine.tierLimits(2))) == (3, limits)
    engine.classify(system.payer, 2, 0, sender=system.officer)
    with refused(engine.ComplianceRefused, refusal=REFUSAL.index("TravelRuleReference"), limit=100_000, would=100_000):
        system.pay(system.terms(1000 * DOLLAR, ref=bytes(16)))
    with refused(engine.UnknownTier, tier=3, tiers=3):
        engine.classify(system.payer, 3, 0, sender=system.officer)


def test_tiers__16_of_them__are_the_most(deploy: Deploy) -> None:
    system = deploy(tiers=[(number, number, number, True) for number in range(16)])
    engine = system.compliance
    assert engine.tierCount() == 16
    assert tuple(engine.tierLimits(15)) == (15, 15, 15, True)
    engine.setTravelRule(1, sender=system.admin)
    call = engine.setTier.encode_input(16, (1, 1, 1, True))
    engine.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(engine.UnknownTier, tier=16, tiers=16):
        engine.executeChange(call, sender=system.admin)


def test_delay__of_30_days__is_the_longest(system: System, project: Any) -> None:
    nobody: list[str] = []
    setup = (MONTH, nobody, nobody, 1, (20, 40, 60, 80), MONTH, ZERO)
    longest = system.admin.deploy(project.FraudOracle, (system.admin, *setup))
    assert (longest.changeDelay(), longest.maxReportLifetime()) == (MONTH, MONTH)


def test_list_token__of_24_decimals__is_the_finest(system: System, project: Any) -> None:
    core = system.core
    for decimals in (24, 25):
        token = system.admin.deploy(project.NonsenseModule, core)
        token.setAnswer(decimals.to_bytes(32, "big"), sender=system.admin)
        call = core.listToken.encode_input(token)
        core.scheduleChange(call, sender=system.admin)
        system.wait(DELAY)
        if decimals == 24:
            core.executeChange(call, sender=system.admin)
            assert list(core.tokens()) == [system.token.address, token.address]
        else:
            with refused(core.TokenCannotBeListed, token=token.address):
                core.executeChange(call, sender=system.admin)


def test_list_token__65536_of_them__are_the_most_that_an_index_names(system: System, project: Any) -> None:
    core, request = system.core, system.chain.provider.make_request
    storage = system.chain.provider.web3.eth.get_storage_at
    # the slot of the list: the one whose hash is where its only element lies
    (slot,) = (
        slot
        for slot in range(32)
        if storage(core.address, int.from_bytes(keccak(slot.to_bytes(32, "big"))))[12:].hex()
        == system.token.address[2:].lower()
    )
    length = "0x" + (65_535).to_bytes(32, "big").hex()
    request("anvil_setStorageAt", [core.address, "0x" + slot.to_bytes(32, "big").hex(), length])
    last, beyond = (system.admin.deploy(project.TestStablecoin) for _ in range(2))
    system.change(core, core.listToken.encode_input(last))
    last.mint(system.payer, 100 * DOLLAR, sender=system.admin)
    last.approve(core, 100 * DOLLAR, sender=system.payer)
    terms = system.pay(system.terms(token=last.address))
    assert system.core.getPayment(system.id(terms)).tokenIndex == 65_535
    with refused(core.TokenCannotBeListed, token=beyond.address):
        system.change(core, core.listToken.encode_input(beyond))
