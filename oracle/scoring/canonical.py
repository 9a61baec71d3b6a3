"""Canonical JSON: one sequence of bytes for one document, so that its hash commits to what it says."""

import json

import orjson

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, check_circular=False)


def canonical(document: object) -> bytes:
    """Sorted keys, no spaces, ASCII only. `document` holds strings, integers, lists, tuples and mappings whose keys are
    strings.

    orjson takes a fifth of the standard library's time and writes the same bytes, but for what is beyond printable
    ASCII or beyond 64 bits.
    """
    try:
        written = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, half of a surrogate pair
        return _ENCODER.encode(document).encode("ascii")
    same = written.isascii() and b"\x7f" not in written
    return written if same else _ENCODER.encode(document).encode("ascii")
