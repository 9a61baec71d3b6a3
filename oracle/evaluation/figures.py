"""A report's pictures as PNG, drawn by matplotlib (extra `dev`) without a display and without any global state.

Curves of models that are detection quality never share axes with curves that are not: each section has its own
pictures, and each picture is titled with its section's heading and names the objections below its curves.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial
from textwrap import wrap
from typing import Any

from oracle.errors import ToolMissing
from oracle.evaluation.metrics import Confusion
from oracle.evaluation.report import Judged, Report, Section, sections
from oracle.evaluation.tables import shown

Draw = Callable[[Any], None]


def pictures(report: Report, *, dpi: int = 110) -> dict[str, bytes]:
    """PNG images by file name, in the order in which they should be shown. The same report gives the same bytes with
    the same matplotlib. Raises ToolMissing without matplotlib."""
    try:
        from matplotlib import style
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ToolMissing(
            tool="matplotlib", remedy="Install it (`pip install matplotlib`) or ask for no figures."
        ) from None
    found = {}
    with style.context("default"):  # whatever the user's own style is
        for number, section in enumerate(sections(report), start=1):
            for name, title, draw in _drawings(section):
                figure = Figure(figsize=(6.4, 5.4), layout="constrained")
                FigureCanvasAgg(figure)
                axes = figure.add_subplot()
                draw(axes)
                figure.suptitle(f"{title}\n{section.heading}", fontsize=11)
                out = io.BytesIO()
                figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
                found[f"{number}-{name}.png"] = out.getvalue()
    return found


def _drawings(section: Section) -> Iterator[tuple[str, str, Draw]]:
    """File name, title and drawing function of each picture of a section."""
    yield "roc", "ROC curve", partial(_roc, section)
    yield "precision-recall", "Precision and recall", partial(_precision_recall, section)
    if any(model.calibration for model in section.models):
        yield "calibration", "Calibration", partial(_calibration, section)
    if any(model.learning for model in section.models):
        yield "learning-curve", "Learning curve", partial(_learning, section)
    for place, (model, why) in enumerate(zip(section.models, section.because, strict=True), start=1):
        label = _label(model, why)
        yield f"scores-{place}", f"Scores, {label}", partial(_histogram, model)
        for number, one in enumerate(model.outcomes, start=1):
            yield (
                f"confusion-{place}-{number}",
                f"Confusion at {_literal(one.name)}, {label}",
                partial(_confusion, one.confusion),
            )


def _label(model: Judged, why: str) -> str:
    return _literal("\n".join([model.name, *wrap(f"({why})", 70)]) if why else model.name)


def _literal(text: str) -> str:
    """matplotlib reads a pair of dollar signs as mathematics."""
    return text.replace("$", r"\$")


def _finish(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)


def _legend(section: Section, axes: Any) -> None:
    """Below the axes, so that it hides no curve: the models, and under numbers what is objected to them."""
    objections = list(dict.fromkeys(why for why in section.because if why))
    numbered = {
        _literal(model.name): f" ({objections.index(why) + 1})" if why else ""
        for model, why in zip(section.models, section.because, strict=True)
    }
    lines, names = axes.get_legend_handles_labels()
    said = [line for number, why in enumerate(objections, 1) for line in wrap(f"({number}) {_literal(why)}", 100)]
    axes.figure.legend(
        lines,
        [name + numbered.get(name, "") for name in names],
        loc="outside lower center",
        ncols=2,
        fontsize=7,
        title="\n".join(said),
        title_fontsize=7,
    )


def _roc(section: Section, axes: Any) -> None:
    for model in section.models:
        axes.plot(model.roc.x, model.roc.y, label=_literal(model.name))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance")
    _finish(axes, "false positive rate", "recall")
    _legend(section, axes)


def _precision_recall(section: Section, axes: Any) -> None:
    for model in section.models:
        axes.plot(model.precision_recall.x, model.precision_recall.y, label=_literal(model.name))
    axes.set_ylim(0, 1.02)
    _finish(axes, "recall", "precision")
    _legend(section, axes)


def _calibration(section: Section, axes: Any) -> None:
    for model in section.models:
        if model.calibration:
            bins = model.calibration.bins
            predicted, observed = [b.predicted for b in bins], [b.observed for b in bins]
            axes.plot(predicted, observed, marker="o", label=_literal(model.name))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="exact")
    _finish(axes, "probability", "share of fraud")
    _legend(section, axes)


def _learning(section: Section, axes: Any) -> None:
    for model in section.models:
        if model.learning:
            x = [point.wallets for point in model.learning]
            axes.plot(x, [point.roc_auc for point in model.learning], marker="o", label=_literal(model.name))
            low, high = [p.roc_auc_low for p in model.learning], [p.roc_auc_high for p in model.learning]
            axes.fill_between(x, low, high, alpha=0.2)
    _finish(axes, "training wallets", "ROC-AUC")
    _legend(section, axes)


def _histogram(model: Judged, axes: Any) -> None:
    for shares, name in ((model.histogram.licit, "licit"), (model.histogram.fraud, "fraud")):
        axes.stairs(shares, model.histogram.edges, fill=True, alpha=0.5, label=name)
    _finish(axes, "score", "share of the class")
    axes.legend(fontsize=7)


def _confusion(one: Confusion, axes: Any) -> None:
    cells = [[one.true_negative, one.false_positive], [one.false_negative, one.true_positive]]
    shares = [[value / (sum(row) or 1.0) for value in row] for row in cells]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i in range(2):
        for j in range(2):
            dark = shares[i][j] > 0.5
            text = f"{shown(cells[i][j])}\n{shares[i][j]:.1%}"
            axes.text(j, i, text, ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks([0, 1], ["no alert", "alert"])
    axes.set_yticks([0, 1], ["licit", "fraud"])
