"""`payflow evaluate`: measure the detectors on labelled data, behind a leakage audit."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from oracle.commands.files import write_all
from oracle.commands.shared import Json, data_console, message_console, print_json
from oracle.errors import ConfigurationError

CACHE = "cache"


def register(app: typer.Typer) -> None:
    """Add `payflow evaluate`."""

    @app.command(
        "evaluate",
        epilog="Example:  payflow evaluate --data stablecoins --out results/, then open results/report.html",
    )
    def evaluate(
        data: Annotated[
            str, typer.Option(help="stablecoins, labelled, amlsim, amlworld, samld or paysim; docs/data.md says more.")
        ],
        out: Annotated[
            Path,
            typer.Option(
                help="Folder that receives tables, figures and the page. An interrupted run goes on from its cache/."
            ),
        ],
        path: Annotated[Path | None, typer.Option(help="Where the data set lies, if not below PAYFLOW_DATA.")] = None,
        seeds: Annotated[int, typer.Option(min=10, help="Seeds of the folds and of the bootstrap.")] = 10,
        quick: Annotated[
            bool, typer.Option("--quick", help="Fewer trees, one dealing of the folds: a minute.")
        ] = False,
        markdown: Annotated[
            Path | None,
            typer.Option(
                help="Page whose figures are renewed, between the lines <!-- DATA: begin --> and <!-- DATA: end -->."
            ),
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Measure detection on labelled data. Figures beside a failed leakage probe are no detection quality."""
        from oracle.evaluation import Report, pictures, sections  # takes a second to load: only where it is needed
        from oracle.evaluation.gate import evaluate as measure
        from oracle.evaluation.gate import files, renewed

        pictures(Report("", (), ()))  # a missing matplotlib is said before the work, not after it
        if markdown is not None:
            renewed(_read(markdown), data, "")  # a page without a place for the figures is refused before the work
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=message_console) as progress:
            task = progress.add_task("reading", total=1.0)
            found = measure(
                data,
                path=path,
                seeds=seeds,
                quick=quick,
                cache=out / CACHE,
                progress=lambda what, share: progress.update(task, description=escape(what), completed=share),
            )
            progress.update(task, description="drawing", completed=1.0)
            written = files(found)
        places = {out / name: content for name, content in written.items()}
        if markdown is not None:
            places[markdown] = renewed(_read(markdown), data, written["summary.md"].decode()).encode()
        write_all(places)
        if as_json:
            print_json({"folder": str(out), "goals": json.loads(written["goals.json"]), "files": sorted(written)})
            return
        for section in sections(found.report):
            table = Table(title=section.heading.capitalize(), title_justify="left")
            for name in ("model", "figure", "value", "95% interval"):
                table.add_column(name, justify="right" if name == "value" else "left")
            for model in section.models:
                for figure in model.figures:
                    if figure.low is not None and figure.high is not None and ":" not in figure.name:
                        interval = f"{figure.low:.3f} to {figure.high:.3f}"
                        table.add_row(escape(model.name), escape(figure.name), f"{figure.value:.3f}", interval)
            data_console.print(table)
            for why in dict.fromkeys(section.because):
                if why:
                    data_console.print(f"Because {escape(why)}.", soft_wrap=True)
        for note in found.report.notes:
            data_console.print(escape(note), soft_wrap=True)
        data_console.print(f"{escape(str(out / 'report.html'))} shows all of it.", soft_wrap=True)


def _read(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ConfigurationError(f"{page} cannot be read ({unreadable}). Name a Markdown page.") from None
