"""`payflow backtest`: what scoring would have said about past payments."""

import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from oracle.backtest import (
    ChainSource,
    EngineJudge,
    FileSource,
    Outcome,
    Side,
    SimulatedSource,
    Source,
    StreamJudge,
    TransfersSource,
    backtest,
    read_lists,
)
from oracle.backtest.judge import Judge
from oracle.backtest.output import earlier_settings
from oracle.backtest.stream import ROOM
from oracle.backtest.summary import HELD
from oracle.chain.blocks import BlockReader
from oracle.chain.connect import connect
from oracle.chain.rpc import Rpc
from oracle.commands.connection import read_settings
from oracle.commands.shared import Deployments, Json, RpcUrl, data_console, message_console, print_json
from oracle.datasets import NAMES, load
from oracle.errors import ConfigurationError, RpcInconsistent
from oracle.scoring import RiskLevel, RiskModel, ScreeningLists
from oracle.scoring.simulator import simulated_lists

PAYMENTS, SIMULATED, CHAIN = "payments", "simulated", "chain"
INTERRUPTED = 130
"""What a shell gives for a command that Ctrl-C ended."""


def register(app: typer.Typer) -> None:
    """Add `payflow backtest`."""

    @app.command(
        "backtest",
        epilog="Examples:  payflow backtest simulated     |     payflow backtest stablecoins --lists sanctioned.txt"
        "     |     payflow backtest payments --path mine.csv --fast     |"
        "     payflow backtest chain --rpc https://...",
    )
    def command(
        data: Annotated[
            str,
            typer.Argument(
                help=f"What to replay: {PAYMENTS} (a file of your own, --path), {CHAIN} (a deployment's payments),"
                f" {SIMULATED}, or a data set: {', '.join(NAMES)}."
            ),
        ] = SIMULATED,
        path: Annotated[Path | None, typer.Option(help="File or folder of the data, if not in PAYFLOW_DATA.")] = None,
        out: Annotated[
            Path | None,
            typer.Option(help="CSV file to write; a summary lies beside it.", show_default="backtest-DATA.csv"),
        ] = None,
        fast: Annotated[bool, typer.Option("--fast", help="The supervised model alone, many times as fast.")] = False,
        model: Annotated[Path | None, typer.Option(help="Model file to try, instead of the one in use.")] = None,
        lists: Annotated[
            Path | None, typer.Option(help="Lists to screen by: CSV with address and kind, or a .txt of addresses.")
        ] = None,
        threshold: Annotated[
            int, typer.Option(min=1, max=100, help="Score from which a payment counts as flagged.")
        ] = HELD,
        side: Annotated[Side, typer.Option(help="With --fast: whose past is looked at.")] = Side.SENDER,
        wallets: Annotated[
            int, typer.Option(min=16, help="With --fast: wallets to remember, 1.9 kB each; four pairs for each.")
        ] = ROOM,
        seed: Annotated[int, typer.Option(min=0, help="Of simulated payments.")] = 1,
        payments: Annotated[int, typer.Option(min=1, help="How many simulated payments.")] = 10_000,
        rpc: RpcUrl = None,
        deployments: Deployments = None,
        to_block: Annotated[
            int | None, typer.Option(min=0, help="Last block of the chain to replay.", show_default="the final one")
        ] = None,
        fresh: Annotated[bool, typer.Option("--fresh", help="Throw away an earlier output of that name.")] = False,
        as_json: Json = False,
    ) -> None:
        """Replay past payments through scoring: one CSV row each, and a summary. Interrupted, it goes on when called
        again."""
        out = out or Path(f"backtest-{data}{'-fast' if fast else ''}.csv")
        if fast and lists is not None:
            raise ConfigurationError("--fast knows no lists, the supervised model alone decides: leave out --lists.")
        if path is not None and data in (SIMULATED, CHAIN):
            raise ConfigurationError(f"{data} reads no file: leave out --path.")
        base = (
            read_lists(lists) if lists is not None else simulated_lists(seed) if data == SIMULATED else ScreeningLists()
        )
        judge: Judge = _stream(model, side, wallets) if fast else EngineJudge(_model(model), base)
        source: Source
        if data == CHAIN:
            source = _chain(base, rpc, deployments, to_block, None if fresh else out)
        elif data == SIMULATED:
            source = SimulatedSource(seed, payments)
        elif data == PAYMENTS:
            if path is None:
                raise ConfigurationError(f"{PAYMENTS} are read from a file: name it with --path.")
            source = FileSource(path)
        else:
            source = TransfersSource(load(data, path))
        started = time.monotonic()
        outcome = _run(source, judge, out, threshold=threshold, fresh=fresh)
        seconds = time.monotonic() - started
        if as_json:
            print_json({"file": str(out), "complete": outcome.complete, **outcome.summary})
        else:
            _show(outcome, seconds)
        if not outcome.complete:
            message_console.print(
                f"Interrupted with {outcome.summary['rows']} rows written. The same command goes on behind them.",
                soft_wrap=True,
            )
            raise typer.Exit(INTERRUPTED)


def _model(path: Path | None) -> RiskModel:
    return RiskModel.default() if path is None else RiskModel.load(path)


def _stream(path: Path | None, side: Side, wallets: int) -> StreamJudge:
    model = _model(path).supervised
    if model is None:
        raise ConfigurationError(
            f"{path} holds no supervised model, so that --fast has nothing to ask: make one that does with"
            f" `payflow train --data stablecoins`, or leave out --fast."
        )
    return StreamJudge(model, side, wallets=wallets, pairs=4 * wallets)


def _chain(
    base: ScreeningLists, rpc_url: str | None, deployments: Path | None, to_block: int | None, earlier: Path | None
) -> ChainSource:
    settings = read_settings(rpc=rpc_url, deployments=deployments)
    rpc = Rpc(settings.rpc_url, timeout=settings.rpc_timeout, retries=settings.rpc_retries)
    contracts = connect(rpc, settings)
    if to_block is None and earlier is not None and "to_block" in (kept := earlier_settings(earlier)):
        to_block = int(kept["to_block"])  # an interrupted replay ends where it was going to
    if to_block is None:
        reader = BlockReader(rpc, contracts.wanted, log_range=1, log_range_max=1)
        head = reader.head(settings.final_tag, settings.final_confirmations)
        if head is None:
            raise RpcInconsistent(endpoint=rpc.endpoint, problem="the chain has no final block yet, name --to-block")
        to_block = head.number
    return ChainSource(rpc, contracts, base, last=to_block, blocks=settings.log_range)


def _run(source: Source, judge: Judge, out: Path, *, threshold: int, fresh: bool) -> Outcome:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
    )
    with _interruptible() as stopped, Progress(*columns, console=message_console) as bar:
        task = bar.add_task("reading", total=source.size, speed="")
        began: dict[str, tuple[float, int]] = {}

        def tell(what: str, rows: int) -> None:
            since, first = began.setdefault(what, (time.monotonic(), rows))
            elapsed = time.monotonic() - since
            speed = f"{(rows - first) / elapsed:,.0f} a second" if elapsed > 0.5 else ""
            bar.update(task, description=what, completed=rows, speed=speed)

        outcome = backtest(source, judge, out, threshold=threshold, fresh=fresh, stop=stopped, progress=tell)
        # rows that were left out are in the size but not in the file
        total = outcome.summary["rows"] if outcome.complete else source.size
        bar.update(task, description="done" if outcome.complete else "stopped", total=total, speed="")
    return outcome


@contextmanager
def _interruptible() -> Generator[Callable[[], bool], None, None]:
    """Ctrl-C and SIGTERM ask for the end instead of cutting off in the middle of a line."""
    asked = threading.Event()
    before = {number: signal.signal(number, lambda *_: asked.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(outcome: Outcome, seconds: float) -> None:
    summary: Mapping[str, Any] = outcome.summary
    rows = int(summary["rows"])
    new = rows - outcome.found
    data_console.print(
        f"{escape(str(outcome.path))}: {rows:,} payments, {summary['flagged']:,} flagged from score"
        f" {summary['threshold']} on; {new:,} scored now in {seconds:,.1f} s, {outcome.found:,} found written,"
        f" {outcome.checked:,} of those scored again and equal",
        highlight=False,
    )
    for reason, count in summary["left_out"].items():
        data_console.print(f"left out: {count:,} {escape(reason)}", highlight=False)
    table = Table(box=None, title="verdicts", title_justify="left")
    for name in ("", "rows", *(level.name for level in RiskLevel), "flagged"):
        table.add_column(name, justify="left" if not name else "right")
    for title, groups in (("label", summary["by_label"]), ("kind", summary["by_kind"])):
        for name, group in groups.items():
            cells = [f"{count:,}" for count in group["levels"].values()]
            share = group["flagged"] / group["rows"]
            table.add_row(
                escape(f"{title} {name}"), f"{group['rows']:,}", *cells, f"{group['flagged']:,} ({share:.2%})"
            )
    data_console.print(table)
    alerts = Table(box=None, title="alerts", title_justify="left")
    labels = list(summary["by_label"])
    for name in ("", *labels):
        alerts.add_column(name, justify="left" if not name else "right")
    for alert in sorted({alert for label in labels for alert in summary["by_label"][label]["alerts"]}):
        alerts.add_row(alert, *(f"{summary['by_label'][label]['alerts'].get(alert, 0):,}" for label in labels))
    if alerts.row_count:
        data_console.print(alerts)
    top = Table(box=None, title="highest scores", title_justify="left")
    for name in ("row", "score", "label", "why"):
        top.add_column(name, overflow="fold")
    for one in summary["top"][:10]:
        top.add_row(str(one["row"]), str(one["score"]), one["label"], escape(one["sentence"]))
    data_console.print(top)
    days = len(summary["by_day"])
    data_console.print(f"{days:,} days, counts of each: {escape(str(outcome.path))}.summary.json", highlight=False)
