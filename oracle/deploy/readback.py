"""What the contracts answer, held against what a deployment's record says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOBODY = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer of the chain that is not what the record says."""

    contract: str
    what: str
    recorded: object
    found: object


def differences(document: Mapping[str, Any], oracle: Any, compliance: Any, core: Any) -> Iterator[Difference]:
    """Everything that was configured and that the chain answers otherwise, as it is asked for.

    The contracts are ape's instances, or anything else whose methods are the contracts' views.
    """
    for contract, what, recorded, found in _answers(document, oracle, compliance, core):
        if plain(recorded) != plain(found):
            yield Difference(contract, what, plain(recorded), plain(found))


def plain(value: Any) -> Any:
    """As JSON gives it back: lists for tuples, text for addresses."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (bool, int)) else str(value)


def _answers(
    document: Mapping[str, Any], oracle: Any, compliance: Any, core: Any
) -> Iterator[tuple[str, str, object, object]]:
    limits, roles = document["limits"], document["roles"]
    yield "FraudOracle", "the quorum", document["quorum"], oracle.quorum()
    yield "FraudOracle", "the number of signers", len(document["signers"]), oracle.signerCount()
    yield "FraudOracle", "the thresholds", limits["thresholds"], list(oracle.thresholds())
    yield "FraudOracle", "its core", core.address, oracle.core()
    yield "FraudOracle", "the longest report lifetime", limits["max_report_lifetime"], oracle.maxReportLifetime()

    yield "PayFlowCore", "its oracle", oracle.address, core.oracle()
    yield "PayFlowCore", "its compliance engine", compliance.address, core.compliance()
    yield "PayFlowCore", "its windows", [limits["settle_window"], limits["review_window"]], list(core.windows())
    yield "PayFlowCore", "its pause", False, core.paused()
    for token in document["tokens"]:
        yield "PayFlowCore", f"accepting {token['symbol']} {token['address']}", 0, core.checkToken(token["address"])[0]

    source = limits.get("sanctions_source", NOBODY)
    yield "ComplianceEngine", "its sanctions source", source, compliance.sanctionsSource()
    yield "ComplianceEngine", "the travel-rule threshold", limits["travel_rule_cents"], compliance.travelRuleCents()
    yield "ComplianceEngine", "the number of tiers", len(limits["tiers"]), compliance.tierCount()
    for index, tier in enumerate(limits["tiers"]):
        yield "ComplianceEngine", f"tier {index}", tier, list(compliance.tierLimits(index))
    yield "ComplianceEngine", "its core", core.address, compliance.core()

    named = (("FraudOracle", oracle), ("PayFlowCore", core), ("ComplianceEngine", compliance))
    for name, contract in named:
        yield name, "the admin", roles["admin"], contract.defaultAdmin()
        yield name, "the delay of changes", limits["change_delay"], contract.changeDelay()
    for name, contract, role, holders in (
        ("FraudOracle", oracle, "AI_ORACLE_ROLE", document["signers"]),
        ("FraudOracle", oracle, "RISK_ADMIN_ROLE", roles["risk_admins"]),
        ("PayFlowCore", core, "RISK_ADMIN_ROLE", roles["risk_admins"]),
        ("PayFlowCore", core, "REVIEWER_ROLE", roles["reviewers"]),
        ("PayFlowCore", core, "COMPLIANCE_ROLE", roles["compliance"]),
        ("PayFlowCore", core, "PAUSER_ROLE", roles["pausers"]),
        ("ComplianceEngine", compliance, "COMPLIANCE_ROLE", roles["compliance"]),
    ):
        number = getattr(contract, role)()
        for holder in holders:
            yield name, f"{role} of {holder}", True, contract.hasRole(number, holder)
        # whoever deploys is a key on somebody's machine: it must not keep a role that nobody meant it to have
        if document["deployer"] not in holders:
            yield name, f"{role} of the deployer", False, contract.hasRole(number, document["deployer"])
