"""Addresses that look alike to a person who compares the first and the last digits."""


def resemblance_key(address: str) -> str:
    """Two leading and three trailing digits: any two addresses that a person could confuse share it."""
    return address[2:4] + address[-3:]


def resemblance(one: str, other: str) -> tuple[int, int]:
    """How many leading and how many trailing hex digits two different addresses share.

    Runs of zeros count once: vanity addresses share them without imitating each other.
    """
    a, b = one[2:], other[2:]
    leading = 0
    while leading < 40 and a[leading] == b[leading]:
        leading += 1
    trailing = 0
    while trailing < 40 and a[39 - trailing] == b[39 - trailing]:
        trailing += 1
    zeros = len(a[:leading]) - len(a[:leading].lstrip("0"))
    zeros_behind = len(a[40 - trailing :]) - len(a[40 - trailing :].rstrip("0")) if trailing else 0
    return leading - max(0, zeros - 1), trailing - max(0, zeros_behind - 1)
