"""Writes TypeIDs (https://github.com/jetify-com/typeid, specification 0.3): a prefix and a UUID in 26 letters."""

from typing import Final
from uuid import UUID

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TWO: Final = [first + second for first in ALPHABET for second in ALPHABET]
_THREE: Final = [first + rest for first in ALPHABET for rest in _TWO]
"""Three letters per look-up, in 2 MB: a list encodes an id for each item, and two letters take 1.4 times as long."""


def encode(prefix: str, uid: UUID) -> str:
    """``post_01h455vb4pex5vsknk084sn02q`` from ``post`` and a UUID."""
    number = uid.int
    three = _THREE
    # Parts of 30 bits are small integers, whose shifts are cheap: 10 + 4 * 30 bits.
    high, low = number >> 60, number & 0xFFF_FFFF_FFFF_FFFF
    second, first = high & 0x3FFF_FFFF, high >> 30
    fourth, third = low & 0x3FFF_FFFF, low >> 30
    return (
        f"{prefix}_{_TWO[first >> 30]}{three[first >> 15 & 0x7FFF]}{three[first & 0x7FFF]}"
        f"{three[second >> 15]}{three[second & 0x7FFF]}"
        f"{three[third >> 15]}{three[third & 0x7FFF]}{three[fourth >> 15]}{three[fourth & 0x7FFF]}"
    )
