"""The loops: which laundering shapes a payment would complete, before that payment is remembered itself.

All compiled code and every constant it takes in lies in this one file, the hash table of `stream` written out again:
the cache of machine code looks at no other file's date, so a change elsewhere would go unseen.

Edges lie in one ring in the order of the chain and are named by their running number. Each links to the edge before it
of the same sender and of the same recipient, so a wallet's transfers are walked from the newest on, and a link to an
edge that the ring has overwritten is known by its number. Nothing is ever unlinked. Edges hold keys as signed numbers.

Inner loops take single arrays out of the state: handing on all of it costs more than a visited edge.
"""
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

import numpy as np

from oracle.scoring.compiled import compiled

WAYS = 16
SCAN = 96
"""Transfers looked at of one wallet and direction."""
BUDGET = 128
"""Edges that one search (cycle, scatter-gather, bipartite) may visit beyond those."""
CYCLE = 6
"""Payments of the longest cycle, the closing one among them."""
HOPS = 4
EQUAL = 0.9
"""Amounts are alike from this ratio of the smaller to the larger on."""
RELAYED = 0.8
"""A payment passes on one whose amount is at least this ratio of it, or it of that one's."""
SLOTS = 1024
"""Places of a scratch table; it never holds more than `BUDGET` + 2 keys."""

SOURCE, TARGET, TIME, ID, PREV_OUT, PREV_IN, CHAIN, AMOUNT = range(8)
"""Columns of an edge; the amount is a float in the same eight bytes."""

FAN_IN, FAN_IN_EQUAL, FAN_OUT, FAN_OUT_EQUAL, PAYERS, PAYEES = range(6)
CYCLE_LENGTH, CYCLE_RATIO, CYCLE_SECONDS = range(6, 9)
SCATTER_GATHER, GATHER_SCATTER, LAYERED, BIPARTITE, CHAINED = range(9, 14)
SENDER_FROM, RECIPIENT_FROM, SENDER_TO, RECIPIENT_TO = range(14, 18)
CUT = 18
WIDTH = 19

CUT_SCAN, CUT_CYCLE, CUT_SCATTER, CUT_BIPARTITE = 1, 2, 4, 8
LOOKS, NEXT, STAMP, CUTS, LOST_WALLETS, LOST_EDGES, LAST_TIME = 0, 1, 2, 3, 7, 8, 9
"""Places of `State.tally`; the four `CUTS` follow one another in the order of the bits."""
_LABELS, _IN_TARGET, _OUT_SOURCE, _IN_SOURCE, _OUT_TARGET = range(5)
_WHO, _EDGE, _THEN = range(3)
"""Columns of a label: its wallet, the edge by which it leaves, the label that this edge leads to."""


@compiled
def mix(x):
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of a key moves every bit of its place."""
    x = np.uint64(x)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def find(keys, key):
    """Place of a wallet, or -1."""
    start = np.int64(mix(key) % np.uint64(keys.size // WAYS)) * WAYS
    for place in range(start, start + WAYS):
        if keys[place] == key:
            return place
    return -1


@compiled
def claim(state, key, kept):
    """Place of a wallet, empty where it is new: a free place or that of the wallet silent longest in the bucket, except
    the place `kept`, which the other party of the payment holds."""
    start = np.int64(mix(key) % np.uint64(state.key.size // WAYS)) * WAYS
    oldest = start if start != kept else start + 1
    for place in range(start, start + WAYS):
        if state.key[place] == key:
            return place
        if state.key[place] == 0:
            oldest = place
            break
        if place != kept and state.last[place] < state.last[oldest]:
            oldest = place
    if state.key[oldest] != 0:
        state.tally[LOST_WALLETS] += 1
    state.key[oldest] = key
    state.head[oldest, :] = -1
    state.hop_time[oldest, :, :] = -1
    return oldest


@compiled
def is_listed(listed, key):
    """Whether a key is among the sorted listed ones."""
    low, high = 0, listed.size
    while low < high:
        middle = (low + high) // 2
        if listed[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < listed.size and listed[low] == key


@compiled
def slot(table, stamp, key):
    """Row of a key in a scratch table, or of the free row for it; free is what bears another stamp."""
    at = np.int64(mix(key) & np.uint64(SLOTS - 1))
    while table[at, 0] == stamp and table[at, 1] != key:
        at = (at + 1) & (SLOTS - 1)
    return at


@compiled
def known(table, stamp, key):
    """The value that a scratch table holds for a key, or -1."""
    at = slot(table, stamp, key)
    return table[at, 2] if table[at, 0] == stamp else -1


@compiled
def head(keys, heads, key, link):
    """Number of a wallet's newest edge as sender (link PREV_OUT) or recipient (PREV_IN), or -1."""
    place = find(keys, np.uint64(key))
    return heads[place, link - PREV_OUT] if place >= 0 else -1


@compiled
def live(edge, number, first, since):
    """Whether an edge is still held (`first` is the oldest that is) and in the window. If not, no edge before it is."""
    return number >= first and edge[number & (edge.shape[0] - 1), TIME] >= since


@compiled
def oldest(state):
    """Number of the oldest edge that the ring holds."""
    return max(0, state.tally[NEXT] - state.edge.shape[0])


@compiled
def ratio(a, b):
    """The smaller over the larger of two amounts, 1 where both are 0."""
    return min(a, b) / max(a, b) if max(a, b) > 0.0 else 1.0


@compiled
def collect(state, which, wallet, link, since, amount):
    """A wallet's newest transfers in one direction, numbered counterparty by counterparty as they are met.

    Fills `seen[which]` (numbers of edges) and `rank[which]`, and the scratch table with the ranks. Returns how many
    transfers, how many counterparties, how many of these moved an amount like this one, and whether `SCAN` ended it.
    """
    edge, real, seen, ranks, alikes = state.edge, state.real, state.seen[which], state.rank[which], state.alike
    table, stamp, first, mask = state.slot[which], state.tally[STAMP], oldest(state), state.edge.shape[0] - 1
    side = SOURCE if link == PREV_IN else TARGET
    number = head(state.key, state.head, wallet, link)
    n = people = alike = 0
    while live(edge, number, first, since):
        if n == SCAN:
            return n, people, alike, True
        at = number & mask
        other = edge[at, side]
        row = slot(table, stamp, other)
        if table[row, 0] != stamp:
            table[row, 0], table[row, 1], table[row, 2] = stamp, other, people
            alikes[people] = False
            people += 1
        rank = table[row, 2]
        if not alikes[rank] and ratio(real[at, AMOUNT], amount) >= EQUAL:
            alikes[rank] = True
            alike += 1
        seen[n] = number
        ranks[n] = rank
        n += 1
        number = edge[at, link]
    return n, people, alike, False


@compiled
def is_alike(state, which, n, rank, amount):
    """Whether one of a counterparty's collected transfers moved an amount like this one."""
    real, seen, ranks = state.real, state.seen[which], state.rank[which]
    for i in range(n):  # noqa: SIM110  # numba compiles no generators
        if ranks[i] == rank and ratio(real[seen[i] & (real.shape[0] - 1), AMOUNT], amount) >= EQUAL:
            return True
    return False


@compiled
def close_cycle(state, sender, recipient, since):
    """Fewest edges, at most `CYCLE` - 1, of a path in the order of the chain from recipient to sender; 0 for none.

    A breadth-first search against the arrows. A label is the latest edge by which a wallet can leave and still arrive;
    one that is no later than the same wallet's label with fewer edges cannot be part of a shortest path. Following the
    labels gives, among the shortest paths, the one whose edge numbers in path order are the largest. Fills `path`.
    Returns the edges, and whether `BUDGET` ended the search.
    """
    edge, keys, heads, label, oldest_edge = state.edge, state.key, state.head, state.label, oldest(state)
    table, stamp, mask = state.slot[_LABELS], state.tally[STAMP], state.edge.shape[0] - 1
    if not live(edge, head(keys, heads, recipient, PREV_OUT), oldest_edge, since):
        return 0, False
    label[0, _WHO] = sender
    label[0, _EDGE] = np.int64(1) << 62
    first, last, visited = 0, 1, 0
    cut = False
    for steps in range(1, CYCLE):
        labels = last
        for at_label in range(first, last):
            number = head(keys, heads, label[at_label, _WHO], PREV_IN)
            while live(edge, number, oldest_edge, since):
                if visited == BUDGET:
                    cut = True
                    break
                visited += 1
                at = number & mask
                source = edge[at, SOURCE]
                if number < label[at_label, _EDGE] and source != sender:
                    row = slot(table, stamp, source)
                    new = table[row, 0] != stamp
                    if new or number > label[table[row, 2], _EDGE]:
                        if new or table[row, 2] < last:
                            table[row, 0], table[row, 1], table[row, 2] = stamp, source, labels
                            labels += 1
                        mine = table[row, 2]
                        label[mine, _WHO], label[mine, _EDGE], label[mine, _THEN] = source, number, at_label
                number = edge[at, PREV_IN]
            if cut:
                break
        found = known(table, stamp, recipient)
        if found >= 0:
            for i in range(steps):
                state.path[i] = label[found, _EDGE]
                found = label[found, _THEN]
            return steps, cut
        if cut or labels == last:
            break
        first, last = last, labels
    return 0, cut


@compiled
def scatter_gather(state, sender, recipient, since, n_in, n_payers):
    """For each payer of the sender, how many other wallets it paid before these paid the recipient. Fills `middle`.

    Returns how many of the sender's payers did so at all, and whether `BUDGET` ended the search. The recipient is no
    source: what returns to it is a cycle.
    """
    edge, keys, heads, first, mask = state.edge, state.key, state.head, oldest(state), state.edge.shape[0] - 1
    seen, ranks, middle, middle_by = state.seen[_IN_TARGET], state.rank[_IN_TARGET], state.middle, state.middle_by
    table, stamp = state.slot[_IN_SOURCE], state.tally[STAMP]
    for i in range(n_payers):
        middle[i] = 0
        middle_by[i] = -1
    visited = people = shared = 0
    for i in range(n_in):
        if ranks[i] < people:
            continue
        person = people
        people += 1
        middleman = edge[seen[i] & mask, SOURCE]
        if middleman == sender:
            continue
        number = head(keys, heads, middleman, PREV_IN)
        while live(edge, number, first, since):
            if visited == BUDGET:
                return shared, True
            visited += 1
            at = number & mask
            source = edge[at, SOURCE]
            if number < seen[i] and source != recipient:
                rank = known(table, stamp, source)
                if rank >= 0 and middle_by[rank] != person:
                    middle_by[rank] = person
                    middle[rank] += 1
                    shared += 1 if middle[rank] == 1 else 0
            number = edge[at, PREV_IN]
    return shared, False


@compiled
def best_source(state, recipient, n_from):
    """Most middlemen of one source, this sender among them, and that source; of equals the one that paid last."""
    edge, seen, ranks = state.edge, state.seen[_IN_SOURCE], state.rank[_IN_SOURCE]
    best, who = 0, np.int64(0)
    people = 0
    for i in range(n_from):
        if ranks[i] < people:
            continue
        source = edge[seen[i] & (edge.shape[0] - 1), SOURCE]
        if source != recipient and state.middle[people] + 1 > best:
            best, who = state.middle[people] + 1, source
        people += 1
    return best, who


@compiled
def bipartite(state, sender, recipient, since, n_in):
    """Other payers of the recipient that share a further payee with the sender, and whether `BUDGET` ended it."""
    edge, keys, heads, first, mask = state.edge, state.key, state.head, oldest(state), state.edge.shape[0] - 1
    seen, ranks, table, stamp = (
        state.seen[_IN_TARGET],
        state.rank[_IN_TARGET],
        state.slot[_OUT_SOURCE],
        state.tally[STAMP],
    )
    visited = people = sharing = 0
    for i in range(n_in):
        if ranks[i] < people:
            continue
        people += 1
        payer = edge[seen[i] & mask, SOURCE]
        if payer == sender:
            continue
        number = head(keys, heads, payer, PREV_OUT)
        while live(edge, number, first, since):
            if visited == BUDGET:
                return sharing, True
            visited += 1
            at = number & mask
            payee = edge[at, TARGET]
            if payee != recipient and known(table, stamp, payee) >= 0:
                sharing += 1
                break
            number = edge[at, PREV_OUT]
    return sharing, False


@compiled
def gather_scatter(state, recipient, n_from, n_to):
    """The largest k such that, at some moment, k payers had paid the sender and k payees, this recipient among them,
    were paid after it."""
    met, before = state.alike, state.before
    seen_in, rank_in, seen_out, rank_out = (
        state.seen[_IN_SOURCE],
        state.rank[_IN_SOURCE],
        state.seen[_OUT_SOURCE],
        state.rank[_OUT_SOURCE],
    )
    people = 0
    met[:] = False
    for i in range(n_from - 1, -1, -1):
        if not met[rank_in[i]]:
            met[rank_in[i]] = True
            people += 1
        before[i] = people
    again = known(state.slot[_OUT_SOURCE], state.tally[STAMP], recipient)
    best, after, fresh, j = 0, 1, 0, 0
    for i in range(n_from):
        while j < n_to and seen_out[j] > seen_in[i]:
            if rank_out[j] == fresh:
                after += 1 if fresh != again else 0
                fresh += 1
            j += 1
        best = max(best, min(before[i], after))
    return best


@compiled
def chained(state, sender, since, amount):
    """Edges of the longest chain of like amounts that ends in the sender and that this payment would pass on."""
    edge, real, first, mask = state.edge, state.real, oldest(state), state.edge.shape[0] - 1
    number = head(state.key, state.head, sender, PREV_IN)
    longest = visited = 0
    while visited < SCAN and live(edge, number, first, since):
        at = number & mask
        if ratio(real[at, AMOUNT], amount) >= RELAYED:
            longest = max(longest, edge[at, CHAIN])
        visited += 1
        number = edge[at, PREV_IN]
    return longest


@compiled
def hops(state, key, way, since):
    """Edges to the nearest listed wallet, 0 for a listed one, `HOPS` + 1 for none near. `way` 0: from it, 1: to it."""
    if is_listed(state.listed, key):
        return 0
    place = find(state.key, key)
    if place >= 0:
        for d in range(HOPS):
            if state.hop_time[place, way, d] >= since:
                return d + 1
    return HOPS + 1


@compiled
def look(state, now, sender, recipient, amount, vector):
    """Fill `vector` (`WIDTH`,) for one payment, and `path` and `source` with its evidence; remembers nothing."""
    state.tally[LOOKS] += 1
    state.tally[STAMP] += 1
    vector[:] = 0.0
    since = max(0, now - state.window[0])
    state.source[0] = 0
    vector[SENDER_FROM] = hops(state, sender, 0, since)
    vector[RECIPIENT_FROM] = hops(state, recipient, 0, since)
    vector[SENDER_TO] = hops(state, sender, 1, since)
    vector[RECIPIENT_TO] = hops(state, recipient, 1, since)
    if sender == recipient:
        return
    payer, payee, mask = np.int64(sender), np.int64(recipient), state.edge.shape[0] - 1
    stamp = state.tally[STAMP]
    n_in, fan_in, alike_in, cut_in = collect(state, _IN_TARGET, payee, PREV_IN, since, amount)
    n_to, fan_out, alike_out, cut_to = collect(state, _OUT_SOURCE, payer, PREV_OUT, since, amount)
    n_from, payers, _, cut_from = collect(state, _IN_SOURCE, payer, PREV_IN, since, amount)
    _, payees, _, cut_on = collect(state, _OUT_TARGET, payee, PREV_OUT, since, amount)
    old_in = known(state.slot[_IN_TARGET], stamp, payer)
    old_out = known(state.slot[_OUT_SOURCE], stamp, payee)
    vector[FAN_IN] = fan_in + (old_in < 0)
    vector[FAN_OUT] = fan_out + (old_out < 0)
    vector[FAN_IN_EQUAL] = alike_in + (old_in < 0 or not is_alike(state, _IN_TARGET, n_in, old_in, amount))
    vector[FAN_OUT_EQUAL] = alike_out + (old_out < 0 or not is_alike(state, _OUT_SOURCE, n_to, old_out, amount))
    vector[PAYERS], vector[PAYEES] = payers, payees
    cut = CUT_SCAN if cut_in or cut_to or cut_from or cut_on else 0

    steps, ended = close_cycle(state, payer, payee, since)
    if steps > 0:
        smallest, largest = amount, amount
        for i in range(steps):
            held = state.real[state.path[i] & mask, AMOUNT]
            smallest, largest = min(smallest, held), max(largest, held)
        vector[CYCLE_LENGTH] = steps + 1
        vector[CYCLE_RATIO] = ratio(smallest, largest)
        vector[CYCLE_SECONDS] = now - state.edge[state.path[0] & mask, TIME]
    cut |= CUT_CYCLE if ended else 0

    if payers > 0:
        shared, ended = scatter_gather(state, payer, payee, since, n_in, payers)
        best, who = best_source(state, payee, n_from)
        vector[SCATTER_GATHER], vector[LAYERED] = best, shared
        state.source[0] = who
        cut |= CUT_SCATTER if ended else 0
        vector[GATHER_SCATTER] = gather_scatter(state, payee, n_from, n_to)
        vector[CHAINED] = chained(state, payer, since, amount)
    if fan_out > 0 and fan_in > 0:
        sharing, ended = bipartite(state, payer, payee, since, n_in)
        vector[BIPARTITE] = sharing
        cut |= CUT_BIPARTITE if ended else 0
    vector[CUT] = cut
    for bit in range(4):
        state.tally[CUTS + bit] += (cut >> bit) & 1


@compiled
def observe(state, now, sender, recipient, amount, name):
    """Remember one payment as an edge. A payment to oneself leaves no edge and no distance."""
    state.tally[LAST_TIME] = now
    if sender == recipient:
        return
    since = max(0, now - state.window[0])
    chain = 1 + chained(state, np.int64(sender), since, amount)
    source = claim(state, sender, np.int64(-1))
    state.last[source] = now
    target = claim(state, recipient, source)
    state.last[target] = now
    number = state.tally[NEXT]
    at = number & (state.edge.shape[0] - 1)
    if number >= state.edge.shape[0] and state.edge[at, TIME] >= since:
        state.tally[LOST_EDGES] += 1
    state.tally[NEXT] += 1
    state.edge[at, SOURCE] = np.int64(sender)
    state.edge[at, TARGET] = np.int64(recipient)
    state.edge[at, TIME] = now
    state.edge[at, ID] = name
    state.edge[at, PREV_OUT] = state.head[source, 0]
    state.edge[at, PREV_IN] = state.head[target, 1]
    state.edge[at, CHAIN] = chain
    state.real[at, AMOUNT] = amount
    state.head[source, 0] = number
    state.head[target, 1] = number
    for way in range(2):
        near, far = (source, target) if way == 0 else (target, source)
        for d in range(HOPS - 1, 0, -1):
            state.hop_time[far, way, d] = max(state.hop_time[far, way, d], state.hop_time[near, way, d - 1])
        if is_listed(state.listed, sender if way == 0 else recipient):
            state.hop_time[far, way, 0] = now


@compiled
def replay(state, now, sender, recipient, amount, name, rows):
    """`look`, then `observe`, for each payment in turn. Fills `rows` (N, `WIDTH`); all else (N,)."""
    for i in range(now.size):
        look(state, now[i], sender[i], recipient[i], amount[i], rows[i])
        observe(state, now[i], sender[i], recipient[i], amount[i], name[i])
