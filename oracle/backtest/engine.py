"""The full risk engine as a judge: every verdict as a node would have signed it."""

from collections.abc import Mapping, Sequence

from oracle.backtest.judge import Record, first_cells
from oracle.backtest.source import Row
from oracle.scoring import Assessment, RiskEngine, RiskModel, ScreeningLists, alert_names


class EngineJudge:
    """`RiskEngine.assess`, then `observe`, row by row. The column `evidence` is the hash that goes on chain."""

    chunk = 256
    columns: tuple[str, ...] = ("velocity", "amount", "pattern", "graph", "timing", "evidence", "sentence")

    def __init__(self, model: RiskModel, lists: ScreeningLists) -> None:
        self._model, self._lists = model, lists
        self._engine = RiskEngine(model, lists)

    @property
    def identity(self) -> Mapping[str, str]:
        """Versions of model and lists; the rules' version is part of the model."""
        return {"judge": "engine", "model": self._model.version, "lists": self._lists.version}

    def play(self, rows: Sequence[Row], wanted: Sequence[bool]) -> list[Record]:
        """See `Judge`."""
        records: list[Record] = []
        for row, wants in zip(rows, wanted, strict=True):
            if row.lists is not None:
                self._engine.use_lists(row.lists)
            if wants:
                records.append(_record(row, self._engine.assess_and_observe(row.payment)))
            else:
                # `observe` keeps all that later scores follow from, so that a payment can be remembered without one
                self._engine.observe(row.payment)
        return records


def _record(row: Row, verdict: Assessment) -> Record:
    alerts = " ".join(alert_names(int(verdict.alerts)))
    parts = (verdict.velocity, verdict.amount, verdict.pattern, verdict.graph, verdict.timing)
    return (
        *first_cells(row, verdict.overall, alerts),
        *map(str, parts),
        verdict.evidence_hash,
        verdict.explanations[0].sentence,
    )
