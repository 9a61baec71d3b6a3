"""Whether every sanctioned address is blocked, and whether wrong entries of real blocklists block ordinary payments.

    PAYFLOW_DATA=../shared/data python -m benchmarks.sanctions [--json results.json]   (also into docs/model-card.md)

Three lists: `official` is OFAC's addresses alone; `labelled` adds what public labels say (exchanges, services, tokens,
mixers, scams, an issuer's blocklist); `trapped` types the token contracts of the data too, and adds an issuer's list
gone wrong, which names the null and burn addresses, precompiles, and every token, exchange and service.
"""

import argparse
import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.pages import CARD, renew
from benchmarks.poisoning import START, TOKEN, ordinary
from benchmarks.rows import payment_of
from oracle.datasets.folder import Origin, data_folder, locate
from oracle.datasets.transfers import Transfers
from oracle.errors import InvalidListing
from oracle.scoring import (
    Alert,
    Assessment,
    ListEntry,
    ListKind,
    Payment,
    RiskEngine,
    RiskLevel,
    RiskModel,
    ScreeningLists,
)
from oracle.scoring.analyzers import listed_as
from oracle.scoring.lists import HUBS, NEVER_LISTED

OFAC = Origin(
    "the public repository 0xB10C/ofac-sanctioned-digital-currency-addresses (MIT), commit f2aee22",
    "sanctions/ with ofac_ETH.txt and one such file for each other currency",
)
LABELS = Origin(
    "the public repositories forta-network/labelled-datasets @ 40a9c2f (MIT), brianleect/etherscan-labels @ 923aba7"
    " (MIT) and Raphtory/Data @ e377ea5 (Apache-2.0)",
    "address_labels/ with labels.csv.gz",
)
KINDS = {
    ListKind.EXCHANGE: "exchange binance huobi bithumb poloniex bitfinex kraken coinbase okex kucoin bittrex hotbit"
    " gate-io gemini liqui cobinhood bitmart mexc ftx bybit upbit cex-io crypto-com",
    ListKind.SERVICE: "dex bridge router sushiswap balancer bancor curve-fi uniswap 0x-protocol 0x 1inch 1inch-exchange"
    " kyberswap kyber tokenlon aave compound maker synthetix dydx loopring idex etherdelta airswap paraswap multichain"
    " hop-protocol arbitrum layer-2 polygon-matic connext zapper-fi",
    ListKind.TOKEN: "token-contract stablecoin",
    ListKind.MIXER: "tornado-cash typhoon-cash ethereum-mixer mixer",
    ListKind.SCAM: "phish phish-hack exploit heist upbit-hack malicious_contract ponzi",
    ListKind.BLACKLISTED: "blocked",
}
"""Categories of the labels that a kind stands for; the others say nothing about how a payment is to be screened."""
_KIND_OF = {category: kind for kind, categories in KINDS.items() for category in categories.split()}
_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")
ALICE = "0x" + "a11ce" * 8
WRONG = "an issuer's list with mistakes"


def official() -> list[ListEntry]:
    """OFAC's addresses of Ethereum's form, each once, from all of its files. Raises DataMissing."""
    folder = data_folder() / "sanctions"
    locate(folder, ("ofac_ETH.txt",), OFAC)
    named = {
        line.strip().lower(): path.stem
        for path in sorted(folder.glob("*.txt"), reverse=True)
        for line in path.read_text("ascii").splitlines()
    }
    return [
        ListEntry(one, ListKind.SANCTIONED, "OFAC 2024-09-27", currency)
        for one, currency in sorted(named.items())
        if _ADDRESS.match(one)
    ]


def labelled() -> list[ListEntry]:
    """What the labels say, as far as it has a kind. Raises DataMissing."""
    path = locate(data_folder() / "address_labels", ("labels.csv.gz",), LABELS)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        return [
            ListEntry(row["address"].lower(), _KIND_OF[row["category"]], row["source"], row["name"])
            for row in csv.DictReader(stream)
            if row["category"] in _KIND_OF
        ]


def mistakes(labels: Iterable[ListEntry]) -> list[ListEntry]:
    """The null address, burn addresses, precompiles, and every token, exchange and service, as blacklisted."""
    never = [*NEVER_LISTED, *(f"0x{number:040x}" for number in range(1, 10))]
    hubs = sorted({one.address for one in labels if one.kind in HUBS})
    return [ListEntry(one, ListKind.BLACKLISTED, WRONG) for one in (*never, *hubs)]


def accepted(entries: Iterable[ListEntry]) -> tuple[ScreeningLists, list[str]]:
    """The lists, and the addresses that they refuse to take."""
    taken, refused = [], []
    for one in entries:
        try:
            ScreeningLists((one,))
        except InvalidListing:
            refused.append(one.address)
        else:
            taken.append(one)
    return ScreeningLists(taken), refused


def blocks(assessed: Assessment) -> bool:
    """Whether a list is why the payment is blocked."""
    return assessed.level is RiskLevel.CRITICAL and Alert.SANCTIONED_INTERACTION in assessed.alerts


def every_address(model: RiskModel, lists: ScreeningLists, entries: Iterable[ListEntry]) -> dict[str, Any]:
    """A first payment from and to each of the addresses: how many are blocked, and which are not."""
    counts: Counter[str] = Counter()
    missed = []
    for entry in entries:
        for side, pair in (("as_sender", (entry.address, ALICE)), ("as_recipient", (ALICE, entry.address))):
            assessed = RiskEngine(model, lists).assess(Payment("0x" + "01" * 32, *pair, TOKEN, 25_000_000, 6, START))
            if blocks(assessed) and any(entry.address in one.sentence for one in assessed.explanations):
                counts[side] += 1
            else:
                missed.append({"address": entry.address, "side": side})
        counts["listed"] += 1
    return {**counts, "missed": missed}


def ordinary_payments(model: RiskModel, lists: ScreeningLists, transfers: Transfers) -> dict[str, Any]:
    """Whole histories in order: how many payments a list blocks or holds, and for which addresses."""
    engine = RiskEngine(model, lists)
    hubs = lists.addresses(*HUBS) | {one.address for one in transfers.tokens}
    counts: Counter[str] = Counter()
    blocked_for: Counter[str] = Counter()
    wrongly: set[str] = set()
    for row in range(len(transfers)):
        payment = payment_of(transfers, row)
        sides = (payment.sender, payment.recipient)
        counts["payments"] += 1
        counts["with_never_listed"] += any(one in NEVER_LISTED or int(one, 16) < 0x200 for one in sides)
        counts["with_hub"] += any(one in hubs for one in sides)
        counts["with_hub_on_blocklist"] += any(one in hubs and _blacklisted(one, lists) for one in sides)
        assessed = engine.assess_and_observe(payment)
        if blocks(assessed):
            counts["blocked"] += 1
            for one in sides:
                kinds = listed_as(one, payment.token, lists)
                if kinds & {ListKind.SANCTIONED, ListKind.BLACKLISTED}:
                    blocked_for[one] += 1
                    if one in NEVER_LISTED or (one in hubs and ListKind.SANCTIONED not in kinds):
                        counts["blocked_for_null_burn_token_service_or_exchange"] += 1
                        wrongly.add(one)
    names = ("payments", "with_never_listed", "with_hub", "with_hub_on_blocklist", "blocked")
    return {
        **{name: counts[name] for name in (*names, "blocked_for_null_burn_token_service_or_exchange")},
        "blocked_for": [
            {"address": address, "payments": count, "as": _words(lists, address), "wrongly": address in wrongly}
            for address, count in blocked_for.most_common()
        ],
    }


def _blacklisted(address: str, lists: ScreeningLists) -> bool:
    return ListKind.BLACKLISTED in lists.kinds(address)


def _words(lists: ScreeningLists, address: str) -> list[str]:
    entries = [lists.entry(address, kind) for kind in sorted(lists.kinds(address))]
    return [f"{one.kind.value} by {one.source} ({one.note})" for one in entries if one is not None]


def measure() -> Iterator[tuple[str, dict[str, Any]]]:
    """All figures, list by list. Raises DataMissing."""
    model, sanctioned, labels, transfers = RiskModel.default(), official(), labelled(), ordinary()
    # labels do not name every token contract: the issuer's blocklist holds one that they miss
    tokens = (ListEntry(one.address, ListKind.TOKEN, "the payments themselves", one.symbol) for one in transfers.tokens)
    known = [*labels, *tokens]
    for name, entries in (
        ("official", sanctioned),
        ("labelled", [*labels, *sanctioned]),
        ("trapped", [*known, *mistakes(known), *sanctioned]),
    ):
        lists, refused = accepted(entries)
        yield (
            name,
            {
                "version": lists.version,
                "entries": dict(Counter(one.kind.value for one in lists)),
                "refused": len(refused),
                "listed_addresses": every_address(model, lists, sanctioned),
                "ordinary": ordinary_payments(model, lists, transfers),
            },
        )


def show(name: str, part: dict[str, Any]) -> None:
    """One list's figures for a person."""
    listed, plain = part["listed_addresses"], part["ordinary"]
    print(f"\n{name}: {sum(part['entries'].values())} entries ({part['entries']}), {part['refused']} refused")
    print(f"  sanctioned addresses: {listed['listed']}")
    print(f"    blocked as sender {listed['as_sender']}, as recipient {listed['as_recipient']}")
    for one in listed["missed"]:
        print(f"    missed: {one}")
    for key, value in plain.items():
        if key != "blocked_for":
            print(f"  ordinary, {key.replace('_', ' ')}: {value}")
    for one in plain["blocked_for"][:12]:
        print(f"    {one['payments']} for {one['address']}: {'; '.join(one['as'])}")


def card(figures: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Lines of the model card."""
    yield (
        "| lists | entries | sanctioned addresses | blocked as sender | as recipient | ordinary payments | blocked"
        " | for a null, burn, token, service or exchange address | every listed address, and none of those |"
    )
    yield "|---|" + "---|" * 8
    for name, part in figures.items():
        listed, plain = part["listed_addresses"], part["ordinary"]
        cells = (
            sum(part["entries"].values()),
            listed["listed"],
            listed["as_sender"],
            listed["as_recipient"],
            plain["payments"],
            plain["blocked"],
            plain["blocked_for_null_burn_token_service_or_exchange"],
        )
        yield f"| {name} | " + " | ".join(f"{cell:,}" for cell in cells) + f" | {_fate(part)} |"
    for name, part in figures.items():
        for one in part["ordinary"]["blocked_for"]:
            if one["wrongly"]:
                what = f"{one['payments']} ordinary payment{'s' * (one['payments'] > 1)}"
                yield f"\n`{name}` misses the goal: it blocks {what} for `{one['address']}`, {'; '.join(one['as'])}."


def _fate(part: dict[str, Any]) -> str:
    listed, plain = part["listed_addresses"], part["ordinary"]
    every = listed["as_sender"] == listed["as_recipient"] == listed["listed"]
    return "reached" if every and not plain["blocked_for_null_burn_token_service_or_exchange"] else "**missed**"


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = {}
    for name, part in measure():
        figures[name] = part
        show(name, part)
    renew(CARD, "sanctions", card(figures))
    text = json.dumps(figures, indent=2, sort_keys=True)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", "ascii")


if __name__ == "__main__":
    main()
