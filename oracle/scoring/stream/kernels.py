"""The loops: what a wallet's remembered events say about a payment, before that payment is remembered itself.

All compiled code and every constant it takes in lies in this one file: the cache of machine code looks at no other
file's date, so a change elsewhere would go unseen.
"""
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

import math

import numpy as np

from oracle.scoring.compiled import compiled

WAYS = 16
RING = 48
"""Events remembered of one wallet; `history` means these."""
WIDTH = 35
"""Features of one window: `features._WINDOW`."""
PAYMENT = 7
PAIR = 4
_LOW = np.uint64(0xFFFFFFFF)
_FOREVER = 1 << 40
_REACH = (600, 3600, 86_400, 7 * 86_400, 30 * 86_400, _FOREVER)
WINDOWS = len(_REACH)


@compiled
def mix(x):
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of a key moves every bit of its place."""
    x = np.uint64(x)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def pair_of(sender, recipient):
    """Key of the ordered pair; never 0, which marks an empty place."""
    key = mix(mix(sender) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(recipient))
    return key | np.uint64(1)


@compiled
def find(keys, key):
    """Place of a key, or -1."""
    start = np.int64(mix(key) % np.uint64(keys.size // WAYS)) * WAYS
    for place in range(start, start + WAYS):
        if keys[place] == key:
            return place
    return -1


@compiled
def claim(keys, last, key):
    """Place of a key and whether it is new there; a new key takes an empty place or the one silent longest."""
    start = np.int64(mix(key) % np.uint64(keys.size // WAYS)) * WAYS
    oldest = start
    for place in range(start, start + WAYS):
        if keys[place] == key:
            return place, False
        if keys[place] == 0:
            oldest = place
            break
        if last[place] < last[oldest]:
            oldest = place
    keys[oldest] = key
    return oldest, True


@compiled
def log2(x):
    """`oracle.scoring.numbers.log2`, compiled."""
    m, e = math.frexp(x)
    if m < 0.7071067811865476:
        m *= 2.0
        e -= 1
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 + q * (
        1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q / 17))))))
    )
    return e + 2.8853900817779268 * s * series


@compiled
def digits_of(amount):
    """Significant digits of an amount to the hundredth of a token, 0 for less than that, at most 18."""
    if amount > 9e15:
        return 18
    cents = np.int64(amount * 100.0 + 0.5)
    if cents == 0:
        return 0
    while cents % 10 == 0:
        cents //= 10
    count = 0
    while cents > 0:
        cents //= 10
        count += 1
    return count


@compiled
def summarise(state, place, now, other, token, amount, size, stable, outgoing, vector, base):
    """Fill `WINDOWS` × `WIDTH` values from `base` on: one wallet's events before `now`, window by window.

    Walks from the newest event to the oldest and writes a window down when the next event lies beyond it, so all
    windows together cost one walk.
    """
    vector[base : base + WINDOWS * WIDTH] = np.nan
    held = 0
    if place >= 0:
        held = min(state.wallet_count[place], RING)
    tokens = np.empty(RING, np.uint32)
    token_n = np.zeros(RING, np.int64)
    token_ways = np.zeros(RING, np.uint8)
    people = np.empty(RING, np.uint32)
    people_n = np.zeros(RING, np.int64)
    people_ways = np.zeros(RING, np.uint8)
    n = n_in = n_out = n_tokens = n_people = top_token = top_people = this_token = this_people = 0
    squares = n_tx = both_people = tokens_in = tokens_out = tokens_both = people_in = people_out = 0
    swaps = at_once = hasty = turns = digit_sum = rounds = n_stable = dust = repeats = n_hold = 0
    gaps = gaps2 = sizes = sizes2 = top_size = inflow = outflow = hold = 0.0
    funded = -1.0
    newer_when = now
    newer_tx = np.uint32(0)
    newer_out = 0
    next_out = now if outgoing else -1
    window = 0
    for step in range(held + 1):
        age = np.int64(_FOREVER + 1)
        at = 0
        if step < held:
            at = (state.wallet_count[place] - 1 - step) % RING
            age = now - np.int64(state.when[place, at])
        while window < WINDOWS and age > _REACH[window]:
            o = base + window * WIDTH
            window += 1
            vector[o] = n
            if n == 0:
                continue
            vector[o + 1] = n_in / n
            vector[o + 2] = n_tokens / n
            vector[o + 3] = n_people / n
            vector[o + 4] = top_token / n
            vector[o + 5] = this_token / n
            vector[o + 6] = top_people / n
            vector[o + 7] = this_people / n
            vector[o + 8] = squares / (n * n)
            vector[o + 9] = n_tx / n
            vector[o + 10] = both_people / n_people
            if tokens_in > 0:
                vector[o + 11] = (tokens_in - tokens_both) / tokens_in
            if tokens_out > 0:
                vector[o + 12] = (tokens_out - tokens_both) / tokens_out
            if n_in > 0:
                vector[o + 13] = people_in / n_in
            if n_out > 0:
                vector[o + 14] = people_out / n_out
            vector[o + 15] = swaps / n
            mean = gaps / n
            vector[o + 16] = mean
            vector[o + 17] = math.sqrt(max(0.0, gaps2 / n - mean * mean))
            vector[o + 18] = at_once / n
            vector[o + 19] = hasty / n
            vector[o + 20] = turns / n
            vector[o + 21] = digit_sum / n
            vector[o + 22] = rounds / n
            vector[o + 23] = n_stable / n
            if n_stable > 0:
                mean = sizes / n_stable
                vector[o + 24] = mean
                vector[o + 25] = math.sqrt(max(0.0, sizes2 / n_stable - mean * mean))
                if stable:
                    vector[o + 26] = size - mean
                    vector[o + 27] = size - top_size
                vector[o + 28] = dust / n_stable
                vector[o + 29] = repeats / n_stable
            if inflow > 0.0:
                vector[o + 30] = min(1.0, outflow / inflow)
            if inflow + outflow > 0.0:
                vector[o + 31] = (inflow - outflow) / (inflow + outflow)
            if outgoing and stable:
                vector[o + 32] = min(5.0, amount / (inflow - outflow)) if inflow > outflow else 5.0
            if n_hold > 0:
                vector[o + 33] = hold / n_hold
            if funded >= 0.0:
                vector[o + 34] = funded
        if step == held:
            break
        flags = state.flags[place, at]
        out = np.int64(flags & np.uint8(1))
        tx = state.tx[place, at]
        when = np.int64(state.when[place, at])
        n += 1
        way = np.uint8(2) if out else np.uint8(1)

        held_token = state.token[place, at]
        j = 0
        while j < n_tokens and tokens[j] != held_token:
            j += 1
        if j == n_tokens:
            tokens[j] = held_token
            n_tokens += 1
        squares += 2 * token_n[j] + 1
        token_n[j] += 1
        top_token = max(top_token, token_n[j])
        if not token_ways[j] & way:
            token_ways[j] |= way
            if out:
                tokens_out += 1
            else:
                tokens_in += 1
            if token_ways[j] == 3:
                tokens_both += 1
        if held_token == token:
            this_token += 1

        person = state.other[place, at]
        j = 0
        while j < n_people and people[j] != person:
            j += 1
        if j == n_people:
            people[j] = person
            n_people += 1
        people_n[j] += 1
        top_people = max(top_people, people_n[j])
        if not people_ways[j] & way:
            people_ways[j] |= way
            if out:
                people_out += 1
            else:
                people_in += 1
            if people_ways[j] == 3:
                both_people += 1
        if person == other:
            this_people += 1

        gap = max(0, newer_when - when)
        wait = log2(1.0 + gap)
        gaps += wait
        gaps2 += wait * wait
        if gap <= 1:
            at_once += 1
        if gap <= 360:
            hasty += 1
        if n == 1 or tx != newer_tx:
            n_tx += 1
        if n > 1 and out != newer_out:
            turns += 1
            if tx == newer_tx:
                swaps += 1
        digits = np.int64(flags >> np.uint8(2))
        digit_sum += digits
        if digits <= 2:
            rounds += 1
        if flags & np.uint8(2):
            worth = np.float64(state.amount[place, at])
            tall = np.float64(state.size[place, at])
            top_size = max(top_size, tall) if n_stable > 0 else tall
            n_stable += 1
            sizes += tall
            sizes2 += tall * tall
            if worth < 1.0:
                dust += 1
            if stable and worth == np.float64(np.float32(amount)):
                repeats += 1
            if out:
                outflow += worth
            else:
                inflow += worth
        if out:
            n_out += 1
            next_out = when
        else:
            n_in += 1
            if funded < 0.0:
                funded = log2(1.0 + max(0, now - when))
            if next_out >= 0:
                hold += log2(1.0 + max(0, next_out - when))
                n_hold += 1
        newer_when = when
        newer_tx = tx
        newer_out = out


@compiled
def extract(state, now, sender, recipient, token, tx, amount, stable, subject_pays, vector):
    """The vector (`features.ALL_FEATURES`) of one payment, seen by its sender or its recipient."""
    subject, other = (sender, recipient) if subject_pays else (recipient, sender)
    size = log2(1.0 + amount)
    digits = digits_of(amount)
    place = find(state.wallet_key, subject)
    vector[0] = 1.0 if subject_pays else 0.0
    vector[1] = size if stable else np.nan
    vector[2] = digits
    vector[3] = 1.0 if amount == math.floor(amount) else 0.0
    vector[4] = 1.0 if amount >= 100.0 and amount % 100.0 == 0.0 else 0.0
    vector[5] = 1.0 if stable and amount < 1.0 else 0.0
    vector[6] = 0.0
    if place >= 0:
        at = (state.wallet_count[place] - 1) % RING
        if state.tx[place, at] == np.uint32(tx & _LOW):
            vector[6] = 1.0
    for way in range(2):
        pair = find(state.pair_key, pair_of(subject, other) if way == 0 else pair_of(other, subject))
        for i in range(2):
            reach = _REACH[3 + i]
            ago = reach if pair < 0 else min(reach, max(0, now - state.pair_last[pair]))
            vector[PAYMENT + 2 * way + i] = log2(1.0 + ago)
    base = PAYMENT + PAIR
    short_token = np.uint32(token & _LOW)
    summarise(state, place, now, np.uint32(other & _LOW), short_token, amount, size, stable, subject_pays, vector, base)
    summarise(
        state,
        find(state.wallet_key, other),
        now,
        np.uint32(subject & _LOW),
        short_token,
        amount,
        size,
        stable,
        not subject_pays,
        vector,
        base + WINDOWS * WIDTH,
    )


@compiled
def extract_both(state, now, sender, recipient, token, tx, amount, stable, columns):
    """The chosen `columns` of the vectors of both parties, shape (2, columns), the sender's first."""
    vector = np.empty(PAYMENT + PAIR + 2 * WINDOWS * WIDTH, np.float64)
    rows = np.empty((2, columns.size), np.float64)
    for side in range(2):
        extract(state, now, sender, recipient, token, tx, amount, stable, side == 0, vector)
        for c in range(columns.size):
            rows[side, c] = vector[columns[c]]
    return rows


@compiled
def observe(state, now, sender, recipient, token, tx, amount, stable):
    """Remember one payment with both its wallets and its pair."""
    size = np.float32(log2(1.0 + amount))
    mark = np.uint8((digits_of(amount) << 2) | (2 if stable else 0))
    for way in range(2):
        wallet, other = (sender, recipient) if way == 1 else (recipient, sender)
        place, new = claim(state.wallet_key, state.wallet_last, wallet)
        if new:
            state.wallet_count[place] = 0
        at = state.wallet_count[place] % RING
        state.wallet_count[place] += 1
        state.wallet_last[place] = now
        state.when[place, at] = now
        state.other[place, at] = np.uint32(other & _LOW)
        state.token[place, at] = np.uint32(token & _LOW)
        state.tx[place, at] = np.uint32(tx & _LOW)
        state.amount[place, at] = amount
        state.size[place, at] = size
        state.flags[place, at] = mark | np.uint8(way)
    pair, _ = claim(state.pair_key, state.pair_last, pair_of(sender, recipient))
    state.pair_last[pair] = now


@compiled
def replay(state, now, sender, recipient, token, tx, amount, stable, subject_pays, wanted, columns, rows):
    """`extract` where wanted, then `observe`, for each payment in turn. Fills `rows` (wanted, F); all else (N,)."""
    width = PAYMENT + PAIR + 2 * WINDOWS * WIDTH
    vector = np.empty(width, np.float64)
    row = 0
    for i in range(now.size):
        if wanted[i]:
            extract(
                state, now[i], sender[i], recipient[i], token[i], tx[i], amount[i], stable[i], subject_pays[i], vector
            )
            for c in range(columns.size):
                rows[row, c] = vector[columns[c]]
            row += 1
        observe(state, now[i], sender[i], recipient[i], token[i], tx[i], amount[i], stable[i])
