"""`payflow drift`: whether the rate of alerts is still the one that was promised."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from oracle.commands.shared import FAILED, Json, data_console, print_json


def register(app: typer.Typer) -> None:
    """Add `payflow drift`."""

    @app.command(
        "drift",
        epilog="Example, once a day:  payflow backtest chain --out scores.csv --fresh && payflow drift scores.csv",
    )
    def drift(
        file: Annotated[Path, typer.Argument(help="CSV file with time and score, as `payflow backtest` writes it.")],
        rate: Annotated[
            float, typer.Option(min=0.0001, max=0.5, help="Share of payments that may alert: the promise.")
        ] = 0.05,
        least: Annotated[
            int | None,
            typer.Option(
                "--from",
                min=1,
                max=100,
                help="Score that alerts.",
                show_default="a rank of 1 - rate among the last, as in a node",
            ),
        ] = None,
        reference: Annotated[
            int, typer.Option(min=100, help="How many first payments set the score, without --from.")
        ] = 1_000,
        delta: Annotated[
            float, typer.Option(min=1e-9, max=0.5, help="Chance of a false alarm, over all time together.")
        ] = 0.01,
        hours: Annotated[int, typer.Option(min=1, help="Length of a period; its share of alerts is looked at.")] = 24,
        column: Annotated[str, typer.Option(help="Column of the file that holds the scores.")] = "score",
        as_json: Json = False,
    ) -> None:
        """Sound an alarm where payments score high more often than they did. Exit code 1 if they do, 0 if not.

        Needs no labels, so it cannot tell fraud on the rise from honest payments that changed: look at both.
        """
        from oracle.evaluation.watch import read_scores, watch

        found = watch(read_scores(file, column), rate=rate, delta=delta, hours=hours, least=least, reference=reference)
        day = None if found.raised is None else datetime.fromtimestamp(found.raised, UTC).isoformat(timespec="minutes")
        if as_json:
            print_json({**asdict(found), "raised": day, "kept": found.kept})
        else:
            judged = (
                f"{found.payments:,} payments in {found.periods:,} periods of {hours} hours: {found.observed:.2%} of a"
                f" period's payments scored {found.least} or more, in the last 30 {found.recent:.2%}; the promise is"
                f" {found.limit:.2%} at most."
            )
            if found.payments:
                data_console.print(judged, highlight=False)
            if day is not None:
                said = f"The promise is broken, as the period from {day} shows, wrongly with chance {delta:g} at most."
                said += " See what its payments have in common; if they are honest, calibrate or train anew."
            elif found.payments:
                said = "The promise is kept, as far as these show."
            else:
                wants = "there are no payments" if least else f"the first {reference:,} payments set the score"
                said = f"Nothing follows yet: {wants}."
            data_console.print(said, highlight=False)
        if not found.kept:
            raise typer.Exit(FAILED)
