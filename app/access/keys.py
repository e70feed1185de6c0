"""The text of an API key: a prefix that secret scanners recognise, 190 random bits, and a checksum.

The checksum rejects mistyped keys without a database look-up. With this entropy one SHA-256 protects a stored key; a
slow hash would only slow requests down.
"""

import hashlib
import secrets
import zlib
from typing import Final, Literal

from app.plans.names import TEST

Mode = Literal["live", "test"]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 32
_CHECKSUM_LENGTH: Final = 6
_PREFIXES: Final = ("sk_live_", "sk_test_")
_HINT_LENGTH: Final = len("sk_live_") + 4


def generate(mode: Mode) -> str:
    """Generate a key."""
    head = f"sk_{mode}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return head + _checksum(head)


def looks_like_key(text: str) -> bool:
    """Whether the text has the prefix of an API key."""
    return text.startswith(_PREFIXES)


def well_formed(key: str) -> bool:
    """Whether prefix, length and checksum are right."""
    head, tail = key[:-_CHECKSUM_LENGTH], key[-_CHECKSUM_LENGTH:]
    return (
        looks_like_key(key)
        and key.isascii()
        and len(key) == len(_PREFIXES[0]) + _RANDOM_LENGTH + _CHECKSUM_LENGTH
        and secrets.compare_digest(_checksum(head), tail)
    )


def digest(key: str) -> bytes:
    """The 32 bytes that are stored and looked up."""
    return hashlib.sha256(key.encode()).digest()


def hint(key: str) -> str:
    """The first characters of the key, by which its owner recognises it."""
    return key[:_HINT_LENGTH]


def mode_of(key_hint: str) -> Mode:
    """The mode of a key, from its hint."""
    return "live" if key_hint.startswith(_PREFIXES[0]) else "test"


def plan_of(key_or_hint: str, plan: str) -> str:
    """The plan of a key: that of its row, but a test key is always on the test plan."""
    return TEST if mode_of(key_or_hint) == "test" else plan


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[index] + digits
    return digits
