"""From a configuration to what the constructors take and the record says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oracle.deploy.config import DeployConfig
from oracle.deploy.readback import NOBODY


def planned(config: DeployConfig, resolve: Callable[[str], str]) -> dict[str, Any]:
    """The part of the record that the configuration decides; `resolve` turns a holder into its address."""

    def all_of(holders: Sequence[str]) -> list[str]:
        return [resolve(holder) for holder in holders]

    roles, oracle = config.roles, config.oracle
    return {
        "signers": all_of(oracle.signers),
        "quorum": oracle.quorum,
        "roles": {
            "admin": resolve(roles.admin),
            "risk_admins": all_of(roles.risk_admins),
            "compliance": all_of(roles.compliance),
            "reviewers": all_of(roles.reviewers),
            "pausers": all_of(roles.pausers),
        },
        "limits": {
            "thresholds": [oracle.safe, oracle.low, oracle.medium, oracle.high],
            "max_report_lifetime": oracle.max_report_lifetime,
            "change_delay": config.change_delay,
            "settle_window": config.core.settle_window,
            "review_window": config.core.review_window,
            "tiers": [[*tier.cents, tier.open] for tier in config.compliance.tiers],
            "travel_rule_cents": config.compliance.travel_rule_cents,
            "sanctions_source": resolve(config.compliance.sanctions_source or NOBODY),
        },
    }


def oracle_setup(plan: Mapping[str, Any], *, core: str) -> dict[str, Any]:
    """FraudOracle's `Setup`, in the order of its members."""
    return {
        **_governed(plan),
        "riskAdmins": plan["roles"]["risk_admins"],
        "signers": plan["signers"],
        "quorum": plan["quorum"],
        "thresholds": plan["limits"]["thresholds"],
        "maxReportLifetime": plan["limits"]["max_report_lifetime"],
        "core": core,
    }


def compliance_setup(plan: Mapping[str, Any], *, core: str) -> dict[str, Any]:
    """ComplianceEngine's `Setup`."""
    return {
        **_governed(plan),
        "officers": plan["roles"]["compliance"],
        "tiers": plan["limits"]["tiers"],
        "travelRuleCents": plan["limits"]["travel_rule_cents"],
        "sanctionsSource": plan["limits"]["sanctions_source"],
        "core": core,
    }


def core_setup(plan: Mapping[str, Any], *, binder: str, tokens: Sequence[str]) -> dict[str, Any]:
    """PayFlowCore's `Setup`; `binder`: who may name the oracle and the compliance engine, once."""
    return {
        **_governed(plan),
        "riskAdmins": plan["roles"]["risk_admins"],
        "reviewers": plan["roles"]["reviewers"],
        "officers": plan["roles"]["compliance"],
        "pausers": plan["roles"]["pausers"],
        "binder": binder,
        "settleWindow": plan["limits"]["settle_window"],
        "reviewWindow": plan["limits"]["review_window"],
        "tokens": list(tokens),
    }


def _governed(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {"admin": plan["roles"]["admin"], "changeDelay": plan["limits"]["change_delay"]}
