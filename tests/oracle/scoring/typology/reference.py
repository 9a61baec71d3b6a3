"""The typologies once more, in plain Python: every definition by brute force over all remembered edges, no bounds.

Nothing here is shared with the compiled code but the limits that are part of the definitions.
"""

from dataclasses import dataclass

from oracle.scoring.stream import Transfer
from oracle.scoring.typology import Cut, TypologyFacts
from oracle.scoring.typology.kernels import CYCLE, EQUAL, HOPS, RELAYED


@dataclass(frozen=True)
class Edge:
    place: int
    time: int
    source: int
    target: int
    amount: float
    name: int
    chain: int


def ratio(a: float, b: float) -> float:
    return min(a, b) / max(a, b) if max(a, b) > 0 else 1.0


class Reference:
    def __init__(self, window: int, listed: set[int]) -> None:
        self.window, self.listed = window, listed
        self.edges: list[Edge] = []

    def _window(self, now: int) -> list[Edge]:
        return [e for e in self.edges if now - e.time <= self.window]

    def _chain(self, payment: Transfer) -> int:
        into = [e for e in self._window(payment.time) if e.target == payment.sender]
        return max((e.chain for e in into if ratio(e.amount, payment.amount) >= RELAYED), default=0)

    def observe(self, payment: Transfer, name: int) -> None:
        if payment.sender != payment.recipient:
            chain = 1 + self._chain(payment)
            place = len(self.edges)
            edge = Edge(place, payment.time, payment.sender, payment.recipient, payment.amount, name, chain)
            self.edges.append(edge)

    def _hops(self, edges: list[Edge], key: int, away: bool) -> int:
        """Edges of the shortest path with rising (from a listed wallet) or falling (`away`) places; all paths tried."""
        if key in self.listed:
            return 0
        best = HOPS + 1

        def go(at: int, used: int, before: int) -> None:
            nonlocal best
            for e in edges:
                near, far = (e.source, e.target) if away else (e.target, e.source)
                if near == at and e.place < before and used + 1 < best:
                    if far in self.listed:
                        best = used + 1
                    else:
                        go(far, used + 1, e.place)

        go(key, 0, len(self.edges))
        return best

    def _cycle(self, edges: list[Edge], start: int, end: int) -> tuple[Edge, ...]:
        """Of all paths of fewest edges with rising places, the one with the largest places in their order."""
        paths: list[tuple[Edge, ...]] = [(e,) for e in edges if e.source == start]
        for _ in range(1, CYCLE):
            closed = [p for p in paths if p[-1].target == end]
            if closed:
                return max(closed, key=lambda p: [e.place for e in p])
            paths = [(*p, e) for p in paths for e in edges if e.source == p[-1].target and e.place > p[-1].place]
        return ()

    def look(self, payment: Transfer) -> TypologyFacts:
        s, r, amount = payment.sender, payment.recipient, payment.amount
        edges = self._window(payment.time)
        hops = (
            self._hops(edges, s, False),
            self._hops(edges, r, False),
            self._hops(edges, s, True),
            self._hops(edges, r, True),
        )
        if s == r:
            return TypologyFacts(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0, 0, *hops, Cut.NONE)
        to_r = [e for e in edges if e.target == r]
        from_s = [e for e in edges if e.source == s]
        to_s = [e for e in edges if e.target == s]
        cycle = self._cycle(edges, r, s)
        sums = [amount, *(e.amount for e in cycle)]

        def middlemen(source: int) -> set[int]:
            return {
                second.source
                for second in to_r
                for first in edges
                if first.source == source and first.target == second.source and first.place < second.place
            } - {s}

        last_paid = {e.source: e.place for e in to_s if e.source != r}
        best = max(last_paid, key=lambda x: (len(middlemen(x)), last_paid[x]), default=0)
        gathered = 0
        for pivot in to_s:
            before = {e.source for e in to_s if e.place <= pivot.place}
            after = {e.target for e in from_s if e.place > pivot.place} | {r}
            gathered = max(gathered, min(len(before), len(after)))
        payees = {e.target for e in from_s} - {r}
        sharing = {
            p for p in {e.source for e in to_r} - {s} if any(e.source == p and e.target in payees for e in edges)
        }
        return TypologyFacts(
            fan_in=len({e.source for e in to_r} | {s}),
            fan_in_equal=len({e.source for e in to_r if ratio(e.amount, amount) >= EQUAL} | {s}),
            fan_out=len({e.target for e in from_s} | {r}),
            fan_out_equal=len({e.target for e in from_s if ratio(e.amount, amount) >= EQUAL} | {r}),
            payers=len({e.source for e in to_s}),
            payees=len({e.target for e in edges if e.source == r}),
            cycle=len(cycle) + 1 if cycle else 0,
            cycle_ratio=ratio(min(sums), max(sums)) if cycle else 0.0,
            cycle_seconds=payment.time - cycle[0].time if cycle else 0,
            scatter_gather=1 + len(middlemen(best)) if best else 0,
            gather_scatter=gathered,
            layered=sum(bool(middlemen(x)) for x in last_paid),
            bipartite=len(sharing),
            chained=self._chain(payment),
            sender_from_listed=hops[0],
            recipient_from_listed=hops[1],
            sender_to_listed=hops[2],
            recipient_to_listed=hops[3],
            cut=Cut.NONE,
            cycle_ids=tuple(e.name for e in cycle),
            source=best,
        )
