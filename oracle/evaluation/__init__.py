"""The sceptic's gate: measures with intervals, a leakage audit beside each figure, a bound on false positives, reports.

Pure: arrays in, plain results out. `figures` needs matplotlib, everything else what the node needs.
"""

from oracle.evaluation.agebands import AgeBands, Band, age_bands, age_edges, within_bands
from oracle.evaluation.bootstrap import MEASURES, Interval, wallet_bootstrap
from oracle.evaluation.conformal import (
    Bound,
    CohortBounds,
    Rates,
    bound,
    cohort_bounds,
    empirical_rates,
    wallets_needed,
)
from oracle.evaluation.crossval import FitPredict, cross_validate
from oracle.evaluation.drift import DriftAlarm
from oracle.evaluation.figures import pictures
from oracle.evaluation.judge import judge
from oracle.evaluation.learning import CurvePoint, learning_curve
from oracle.evaluation.metrics import (
    Calibration,
    Confusion,
    Ranking,
    best_f1,
    calibration,
    confusion,
    equal_wallets,
    pr_auc,
    ranking,
    recall_at_fpr,
    roc_auc,
)
from oracle.evaluation.page import html_page
from oracle.evaluation.probes import Audit, Probe, audit, probe_scores, standard_probes
from oracle.evaluation.report import NOT_REPORTABLE, REPORTABLE, Judged, Report, from_json, objection, sections, to_json
from oracle.evaluation.tables import csv_table, latex_table

__all__ = [
    "MEASURES",
    "NOT_REPORTABLE",
    "REPORTABLE",
    "AgeBands",
    "Audit",
    "Band",
    "Bound",
    "Calibration",
    "CohortBounds",
    "Confusion",
    "CurvePoint",
    "DriftAlarm",
    "FitPredict",
    "Interval",
    "Judged",
    "Probe",
    "Ranking",
    "Rates",
    "Report",
    "age_bands",
    "age_edges",
    "audit",
    "best_f1",
    "bound",
    "calibration",
    "cohort_bounds",
    "confusion",
    "cross_validate",
    "csv_table",
    "empirical_rates",
    "equal_wallets",
    "from_json",
    "html_page",
    "judge",
    "latex_table",
    "learning_curve",
    "objection",
    "pictures",
    "pr_auc",
    "probe_scores",
    "ranking",
    "recall_at_fpr",
    "roc_auc",
    "sections",
    "standard_probes",
    "to_json",
    "wallet_bootstrap",
    "wallets_needed",
    "within_bands",
]
