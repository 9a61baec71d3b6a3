"""A report as one HTML page that needs nothing else: figures as data URIs, no script, no address of anything."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from oracle.evaluation.report import NOT_REPORTABLE, Report, Row, rows, sections
from oracle.evaluation.tables import shown

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .8rem .2rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
section.not { border-left: .4rem solid #b00; padding-left: 1rem; }
p.why { color: #b00; }
figure { display: inline-block; margin: .5rem; } img { max-width: 30rem; width: 100%; }
"""


def html_page(report: Report, pictures: Mapping[str, bytes]) -> str:
    """The page. `pictures`: PNG images by file name, as `figures.pictures` gives them (a name starts with its section's
    number); none may be given where matplotlib is missing. Everything that comes from the report is escaped."""
    printed = rows(report)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(report.title)}</h1>",
    ]
    if report.facts:
        facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in report.facts)
        parts.append(f"<table>{facts}</table>")
    parts += [f"<p>{escape(note)}</p>" for note in report.notes]
    for number, section in enumerate(sections(report), start=1):
        kind = ' class="not"' if section.heading == NOT_REPORTABLE else ""
        parts.append(f"<section{kind}><h2>{escape(section.heading.capitalize())}</h2>")
        for model, why in zip(section.models, section.because, strict=True):
            parts.append(f"<h3>{escape(model.name)}</h3>")
            if why:
                parts.append(f'<p class="why">{escape(why)}</p>')
        own = [row for row in printed if row.section == section.heading]
        parts.append(_table(own))
        parts += [_picture(name, data) for name, data in pictures.items() if name.startswith(f"{number}-")]
        parts.append("</section>")
    parts.append("</body></html>")
    return "\n".join(parts) + "\n"


def _table(printed: list[Row]) -> str:
    head = "<tr><th>model</th><th>figure</th><th>value</th><th>low</th><th>high</th></tr>"
    body = "".join(
        f"<tr><td>{escape(row.model)}</td><td>{escape(row.figure)}</td>"
        + "".join(f'<td class="number">{escape(shown(one))}</td>' for one in (row.value, row.low, row.high))
        + "</tr>\n"
        for row in printed
    )
    return f"<table>{head}\n{body}</table>"


def _picture(name: str, data: bytes) -> str:
    text = escape(name.removesuffix(".png"), quote=True)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{b64encode(data).decode("ascii")}"></figure>'
