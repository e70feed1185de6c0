"""TypeIDs (https://github.com/jetify-com/typeid, specification 0.3): a type's prefix and a UUID in 26 letters.

They sort by creation time, can be selected with a double click and show the type of the resource.
"""

from typing import Final
from uuid import UUID

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
"""Two letters per look-up: a list response encodes two ids per item, and single letters take three times as long."""
_LENGTH: Final = 26
SUFFIX_PATTERN: Final = "[0-7][0-9a-hjkmnp-tv-z]{25}"
"""Crockford's alphabet in lower case; 26 letters hold 130 bits, so the first is at most 7."""


def encode(prefix: str, uid: UUID) -> str:
    """``post_01h455vb4pex5vsknk084sn02q`` from ``post`` and a UUID."""
    number = uid.int
    pairs = _PAIRS
    return (
        f"{prefix}_{pairs[number >> 120]}{pairs[number >> 110 & 1023]}{pairs[number >> 100 & 1023]}"
        f"{pairs[number >> 90 & 1023]}{pairs[number >> 80 & 1023]}{pairs[number >> 70 & 1023]}"
        f"{pairs[number >> 60 & 1023]}{pairs[number >> 50 & 1023]}{pairs[number >> 40 & 1023]}"
        f"{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"
    )


def decode(prefix: str, text: str) -> UUID:
    """The UUID behind a TypeID. Raises ``ValueError`` for another prefix or a malformed suffix."""
    head, _, suffix = text.rpartition("_")
    if head != prefix or len(suffix) != _LENGTH or suffix[0] > "7":
        message = f"not a TypeID with the prefix {prefix}"
        raise ValueError(message)
    number = 0
    for letter in suffix:
        if letter not in _VALUES:
            message = "not a letter of Crockford's base 32"
            raise ValueError(message)
        number = number << 5 | _VALUES[letter]
    return UUID(int=number)
