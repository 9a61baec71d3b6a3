"""`payflow train`: train the risk model on simulated payments."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from oracle.commands.shared import Json, data_console, message_console, print_json


def register(app: typer.Typer) -> None:
    """Add `payflow train`."""

    @app.command(
        "train",
        epilog="Example:  payflow train --seed 7 --out models/, then PAYFLOW_MODEL_FILE=models/default.safetensors",
    )
    def train(
        out: Annotated[Path, typer.Option(help="Folder that receives default.safetensors and its hash.")] = Path(
            "models"
        ),
        seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation and of the training.")] = 1,
        payments: Annotated[
            int, typer.Option(min=4_000, help="Simulated payments to fit on, as many to calibrate.")
        ] = 24_000,
        as_json: Json = False,
    ) -> None:
        """Train the anomaly ensemble and its calibration. Same seed, same bytes; the hash is the model's version."""
        from oracle.scoring.training import train as fit  # scikit-learn takes a second to load: only where it is needed

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=message_console) as progress:
            task = progress.add_task("simulating", total=1.0)
            model = fit(
                seed,
                payments=payments,
                progress=lambda what, share: progress.update(task, description=what, completed=share),
            )
        out.mkdir(parents=True, exist_ok=True)
        version = hashlib.sha256(model).hexdigest()
        (out / "default.safetensors").write_bytes(model)
        (out / "default.sha256").write_text("0x" + version + "\n", encoding="ascii")
        if as_json:
            print_json({"file": str(out / "default.safetensors"), "version": "0x" + version, "bytes": len(model)})
        else:
            data_console.print(f"{out / 'default.safetensors'}: model 0x{version}, {len(model)} bytes", soft_wrap=True)
