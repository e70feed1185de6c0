"""Argon2 in threads with bounded concurrency: each run takes about a tenth of a second and 64 MiB."""

import asyncio
import unicodedata
from functools import cached_property

from pwdlib import PasswordHash


def prepare(password: str) -> str:
    """The form of a password that is hashed: OpaqueString (RFC 8265, section 4.2), without its rejections.

    Spaces outside ASCII become U+0020, and the text is normalized to NFC, so that every keyboard enters the same
    password. Control characters stay valid, since users have passwords that contain them.
    """
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced)


def _spellings(password: str) -> list[str]:
    """The forms to verify: older hashes are of unprepared passwords. An ASCII password has a single form."""
    forms = (prepare(password), password, unicodedata.normalize("NFD", password))
    return list(dict.fromkeys(forms))


class PasswordHasher:
    """Hashes and verifies passwords for one process."""

    def __init__(self, concurrency: int) -> None:
        self._hash = PasswordHash.recommended()
        self._slots = asyncio.Semaphore(concurrency)

    async def hash(self, password: str) -> str:
        """The hash to store, in PHC string format."""
        async with self._slots:
            return await asyncio.to_thread(self._hash.hash, prepare(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password matches the stored hash, in any Unicode normalization.

        Without a stored hash the same time is spent, so that the response time does not reveal whether a user exists.
        """
        async with self._slots:
            matches = await asyncio.to_thread(self._matches, password, stored or self._placeholder_hash)
        return matches and stored is not None

    def _matches(self, password: str, stored: str) -> bool:
        return any(self._hash.verify(form, stored) for form in _spellings(password))

    @cached_property
    def _placeholder_hash(self) -> str:
        return self._hash.hash("a password that nobody has")
