"""What is learned from is what a node and a backtest would have seen, to the bit."""

import numpy as np
from numpy.typing import NDArray

from oracle.backtest import Row
from oracle.backtest.stream import transfer_of as backtested
from oracle.datasets.transfers import Token, Transfers
from oracle.evaluation.gate.vectors import vectors
from oracle.scoring import Payment, RiskEngine, RiskModel, ScreeningLists
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import Stream, Table, Transfer, transfer_of

TOKENS = (
    Token("0x" + "0a" * 20, "USDC", 6, True),
    Token("0x" + "0b" * 20, "DAI", 18, True),
    Token("0x" + "0c" * 20, "EURS", 2, False),
    Token("0x" + "0d" * 20, "WETH", 18, False),
)


def odd_transfers(rows: int = 300) -> Transfers:
    """Amounts that no double holds and that are no whole millionths, in tokens of all kinds."""
    dice = np.random.default_rng(5)
    token = dice.integers(0, len(TOKENS), rows)
    sender = dice.integers(0, 12, rows)
    units = [
        int(dice.integers(1, 9 * 10**6)) * 10 ** TOKENS[one].decimals // 997 + int(dice.integers(1, 997))
        for one in token
    ]
    return Transfers(
        name="odd",
        source="0" * 64,
        time=1_600_000_000 + np.cumsum(dice.integers(0, 40_000, rows)),
        sender=sender,
        recipient=(sender + dice.integers(1, 12, rows)) % 12,
        token=token,
        tx=np.arange(rows),
        units=np.array(units, dtype=object),
        label=np.zeros(rows, np.int8),
        wallet=sender,
        kind=np.full(rows, -1),
        parties=tuple(f"0x{party + 1:040x}" for party in range(12)),
        tokens=TOKENS,
        transactions=tuple(f"0x{tx:064x}" for tx in range(rows)),
        kinds=(),
    )


def payments(data: Transfers) -> list[Payment]:
    return [
        Payment(
            payment_id=f"0x{row:064x}",
            sender=data.parties[data.sender[row]],
            recipient=data.parties[data.recipient[row]],
            token=data.tokens[data.token[row]].address,
            amount=int(data.units[row]),
            decimals=data.tokens[data.token[row]].decimals,
            timestamp=int(data.time[row]),
            tx=data.transactions[data.tx[row]],
        )
        for row in range(len(data))
    ]


def one_by_one(given: list[Transfer], pays: NDArray[np.bool_]) -> Floats:
    stream, found = Stream(), []
    for transfer, pay in zip(given, pays, strict=True):
        found.append(stream.features(transfer)[0 if pay else 1])
        stream.observe(transfer)
    return np.array(found)


def test_vectors__as_a_node__are_those_of_a_nodes_stream_and_of_a_backtests() -> None:
    data = odd_transfers()
    pays = np.arange(len(data)) % 3 > 0
    trained_on = vectors(data, pays, np.ones(len(data), np.bool_), as_a_node=True)
    made = payments(data)
    node = one_by_one([transfer_of(one, 0) for one in made], pays)
    table = Table.of([backtested(Row(number, one)) for number, one in enumerate(made)])
    assert trained_on.tobytes() == node.tobytes()
    assert trained_on.tobytes() == Stream().batch(table, pays).tobytes()


def test_vectors__as_a_node__are_what_the_engines_supervised_channel_read() -> None:
    data = odd_transfers(120)
    engine = RiskEngine(RiskModel.default(), ScreeningLists())
    every = np.ones(len(data), np.bool_)
    sides = {
        "sender": vectors(data, every, every, as_a_node=True),
        "recipient": vectors(data, ~every, every, as_a_node=True),
    }
    channel = engine._supervised
    assert channel is not None
    for row, payment in enumerate(payments(data)):
        verdict = engine.assess(payment)
        assert channel._last is not None
        advice = channel._last[1]
        assert advice.vector.tobytes() == sides[advice.side][row].tobytes()
        engine.observe(payment, verdict)


def test_vectors__of_a_data_set_that_knows_its_tokens__tells_them_apart() -> None:
    data, every = odd_transfers(), np.ones(300, np.bool_)
    assert vectors(data, every, every).tobytes() != vectors(data, every, every, as_a_node=True).tobytes()
