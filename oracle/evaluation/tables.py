"""A report's numbers as CSV and as LaTeX."""

import csv
import io

from oracle.evaluation.report import Report, Row, rows

HEAD = ("section", "model", "figure", "value", "low", "high", "because")

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def shown(value: float | None) -> str:
    """A number for people: whole numbers as they are, others with four decimals (significant digits where tiny), "" for
    none."""
    if value is None:
        return ""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e15 else f"{value:.4g}"


def csv_table(report: Report) -> str:
    """One line a number under HEAD, numbers in full (the shortest form that reads back to the same double), lines ended
    by CR LF as RFC 4180 has it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for row in rows(report):
        numbers = ["" if one is None else repr(float(one)) for one in (row.value, row.low, row.high)]
        writer.writerow([row.section, row.model, row.figure, *numbers, row.because])
    return out.getvalue()


def latex_table(report: Report) -> str:
    """Plain LaTeX without packages: per section a paragraph with the heading, the reasons and one tabular."""
    parts = [f"% {latex(report.title)}"]
    grouped: dict[str, list[Row]] = {}
    for row in rows(report):
        grouped.setdefault(row.section, []).append(row)
    for section, own in grouped.items():
        parts.append(rf"\paragraph{{{latex(section.capitalize())}}}")
        reasons = dict.fromkeys((row.model, row.because) for row in own if row.because)
        parts += [rf"{latex(model)}: {latex(why)}.\par" for model, why in reasons]
        parts += [r"\begin{tabular}{llrrr}", r"\hline", r"model & figure & value & low & high \\", r"\hline"]
        for row in own:
            numbers = [latex(shown(one)) for one in (row.value, row.low, row.high)]
            parts.append(" & ".join([latex(row.model), latex(row.figure), *numbers]) + r" \\")
        parts += [r"\hline", r"\end{tabular}", ""]
    return "\n".join(parts) + "\n"


def latex(text: str) -> str:
    """`text` so that LaTeX prints it as it is; line breaks become spaces."""
    return "".join(_LATEX.get(one, one) for one in " ".join(text.split()))
