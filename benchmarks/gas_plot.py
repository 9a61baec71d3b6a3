"""Draw benchmarks/gas.json as docs/gas.svg: `python -m benchmarks.gas_plot`, after `make gas-update`."""

import json
from pathlib import Path

import matplotlib
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Two panels: the cost of a payment by batch size, and of a settlement by the number of signers."""
    figures = json.loads((ROOT / "benchmarks" / "gas.json").read_text())
    matplotlib.rcParams["svg.hashsalt"] = "payflow"
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for curve, color, parties in (
        ("batch_3_of_5_per_payment", "#1f4e79", "one payer, one payee"),
        ("batch_3_of_5_per_payment_parties_differ", "#c55a11", "as many payers and payees"),
    ):
        batch = {int(size): gas for size, gas in figures[curve].items()}
        left.plot(list(batch), list(batch.values()), marker="o", color=color, label=parties)
    left.axhline(figures["steps"]["settle, 3 of 5 signers"], color="#999999", linestyle="--")
    left.text(2.2, figures["steps"]["settle, 3 of 5 signers"] + 1_500, "settled alone", color="#666666")
    left.set(
        xscale="log",
        xticks=[1, 2, 5, 10, 20, 50, 100],
        xticklabels=[1, 2, 5, 10, 20, 50, 100],
        xlabel="payments in the batch",
    )
    left.minorticks_off()
    left.set(ylabel="gas a payment", ylim=(0, None), title="A batch, 3 of 5 signers")
    left.legend()
    signers = {int(count): gas for count, gas in figures["settle_by_signers"].items()}
    right.plot(list(signers), list(signers.values()), marker="o", color="#1f4e79", label="PayFlow, a whole settlement")
    scribe = {5: 81_025, 10: 106_395, 15: 134_342}
    right.plot(list(scribe), list(scribe.values()), marker="s", color="#c55a11", label="Scribe, one price update")
    right.set(xlabel="signers", ylabel="gas", ylim=(0, None), title="One settlement")
    right.legend()
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "gas.svg", metadata={"Date": None})
    figure.savefig(ROOT / ".build" / "gas.png", dpi=80)


if __name__ == "__main__":
    main()
