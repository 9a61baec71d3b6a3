"""Addresses that look alike to a person who compares the first and the last digits."""

FEW_PARTNERS = 80
"""Counterparties up to which six shared digits are no chance: `is_imitation` says why."""
SLIPS = 4
"""Up to so many different digits of 40 an address is mistyped, not imitated.

An imitator would need 16⁴⁰ / (C(40, 4) · 15⁴), about 2¹²⁸, tries to find one; the closest of the confirmed imitations
hits 17 digits at the ends.
"""


def resemblance_key(address: str) -> str:
    """Two leading and three trailing digits: any two addresses that a person could confuse share it."""
    return address[2:4] + address[-3:]


def shared_digits(one: str, other: str) -> tuple[int, int]:
    """How many leading and how many trailing hex digits two different addresses share."""
    leading = trailing = 0
    while leading < 40 and one[2 + leading] == other[2 + leading]:
        leading += 1
    while trailing < 40 and one[41 - trailing] == other[41 - trailing]:
        trailing += 1
    return leading, trailing


def resemblance(one: str, other: str) -> tuple[int, int]:
    """Leading and trailing digits that two different addresses share, as evidence of imitation.

    Runs of zeros count once: vanity addresses share them without imitating each other.
    """
    leading, trailing = shared_digits(one, other)
    front, back = one[2 : 2 + leading], one[42 - trailing :]
    zeros, zeros_behind = leading - len(front.lstrip("0")), trailing - len(back.rstrip("0"))
    return leading - max(0, zeros - 1), trailing - max(0, zeros_behind - 1)


def different_digits(one: str, other: str) -> int:
    """In how many of the 40 places two addresses differ."""
    return sum(a != b for a, b in zip(one[2:], other[2:], strict=True))


def is_imitation(leading: int, trailing: int, partners: int) -> bool:
    """Whether a resemblance is too rare to be chance for a wallet with so many counterparties.

    A person looks at both ends. Six digits, at least 2 leading and 3 trailing, hit one of n random addresses with
    probability n · (2 · 16⁻⁶ − 16⁻⁷) = n · 1.2e-7; seven, of the addresses that share a resemblance key, with less than
    n · 1.1e-8. Beyond `FEW_PARTNERS` the seventh is needed, so that for every wallet, with 512 counterparties at most,
    the chance stays below one in 100,000 payments to someone new. One counted digit is enough at an end where both
    addresses begin or end with a run of zeros.
    """
    if leading + trailing >= 7:
        return leading >= 1 and trailing >= 1
    return partners <= FEW_PARTNERS and leading >= 2 and trailing >= 3 and leading + trailing >= 6
