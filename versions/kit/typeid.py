"""TypeIDs (https://github.com/jetify-com/typeid, specification 0.3): a type's prefix and a UUID in 26 letters.

They sort by creation time, can be selected with a double click and show the type of the resource.
"""

from typing import Final
from uuid import UUID

from app.kit.typeid import ALPHABET, encode

__all__ = ["SUFFIX_PATTERN", "decode", "encode"]

_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_LENGTH: Final = 26
SUFFIX_PATTERN: Final = "[0-7][0-9a-hjkmnp-tv-z]{25}"
"""Crockford's alphabet in lower case; 26 letters hold 130 bits, so the first is at most 7."""


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
