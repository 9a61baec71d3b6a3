"""`payflow train`: train the risk model on simulated payments and, with --data, on labelled ones."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from oracle.commands.files import write_all
from oracle.commands.shared import Json, data_console, message_console, print_json

if TYPE_CHECKING:
    from oracle.evaluation.training_card import Supervision

PER_WALLET = 100
"""Payments that one labelled wallet contributes at most, so that no busy service decides what is ordinary."""


def register(app: typer.Typer) -> None:
    """Add `payflow train`."""

    @app.command(
        "train",
        epilog="Example:  payflow train --data stablecoins --out models/, then"
        " PAYFLOW_MODEL_FILE=models/default.safetensors",
    )
    def train(
        out: Annotated[
            Path, typer.Option(help="Folder that receives default.safetensors, its hash and its card.")
        ] = Path("models"),
        seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation and of the training.")] = 1,
        payments: Annotated[
            int, typer.Option(min=4_000, help="Simulated payments to fit on, as many to calibrate.")
        ] = 24_000,
        data: Annotated[
            str | None,
            typer.Option(help="Labelled data set for the supervised model (docs/data.md); without it there is none."),
        ] = None,
        path: Annotated[Path | None, typer.Option(help="Where that data set lies, if not in PAYFLOW_DATA.")] = None,
        as_json: Json = False,
    ) -> None:
        """Train the anomaly ensemble on simulated life, and a supervised model on labelled transfers.

        Same seed and data, same bytes; the hash is the model's version. A run that was interrupted goes on where it
        was: finished folds are kept in OUT/folds.
        """
        from oracle.evaluation.training_card import training_card
        from oracle.scoring.model import version_of
        from oracle.scoring.training import train as fit  # scikit-learn takes a second to load: only where it is needed

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=message_console) as progress:
            task = progress.add_task("simulating", total=1.0)

            def report(what: str, share: float) -> None:
                progress.update(task, description=escape(what), completed=share)

            supervised = None if data is None else _supervised(data, path, seed, out / "folds", report)
            learned = None if supervised is None else supervised.model.data
            model = fit(seed, payments=payments, supervised=learned, progress=report)
            version = version_of(model)
            detectors = {"source": "simulator", "seed": str(seed), "payments": str(payments)}
            report("measuring", 0.0)
            card = training_card(version, len(model), detectors, supervised)
        write_all(
            {
                out / "default.safetensors": model,
                out / "default.sha256": f"{version}\n".encode("ascii"),
                out / "default.card.md": card.encode(),
            }
        )
        if as_json:
            print_json({"file": str(out / "default.safetensors"), "version": version, "bytes": len(model)})
        else:
            data_console.print(
                f"{escape(str(out / 'default.safetensors'))}: model {version}, {len(model)} bytes", soft_wrap=True
            )


def _supervised(
    name: str, path: Path | None, seed: int, cache: Path, report: Callable[[str, float], None]
) -> "Supervision":
    """The supervised model and what it learned from, trained on what a node sees: the set's transfers of dollar
    stablecoins alone, with the amounts that the engine counts, each labelled wallet's first ones, seen from its side.
    """
    import numpy as np

    from oracle.datasets import among_first, load, without_repeats
    from oracle.errors import ConfigurationError
    from oracle.evaluation.gate.labelled import memberships
    from oracle.evaluation.gate.vectors import vectors
    from oracle.evaluation.training_card import Supervision
    from oracle.scoring.stream import FEATURES
    from oracle.scoring.supervised.train import fit, out_of_fold

    report(f"reading {name}", 0.0)
    history = transfers = without_repeats(load(name, path)).transfers
    stable = np.array([token.stable for token in transfers.tokens], np.bool_)[transfers.token]
    transfers = transfers.take(stable)
    labelled = (transfers.wallet >= 0) & (transfers.label >= 0)
    if len(np.unique(transfers.label[labelled])) < 2:
        raise ConfigurationError(
            f"The data set {name} does not label wallets of both kinds that moved stablecoins, so that nothing can be"
            f" learned from it. Take one that does, as stablecoins or labelled."
        )
    wanted = among_first(transfers, PER_WALLET) & labelled
    rows = vectors(transfers, transfers.sender == transfers.wallet, wanted, as_a_node=True)
    labels, wallets = transfers.label[wanted].astype(np.float64), transfers.wallet[wanted]
    model = fit(
        rows,
        labels,
        wallets,
        [one.name for one in FEATURES],
        seed=seed,
        cache=cache,
        source={"data": name, "sha256": transfers.source, "per_wallet": str(PER_WALLET)},
        progress=report,
    )
    scores = out_of_fold(rows, labels, wallets, seed=seed, cache=cache)
    learned_from = transfers.take(wanted)
    listed = memberships(learned_from)
    return Supervision(model, learned_from, history, rows, labels, wallets, scores, listed)
