"""Argon2 in threads with bounded concurrency: each run takes about a tenth of a second and 64 MiB."""

import asyncio
from functools import cached_property

from pwdlib import PasswordHash


class PasswordHasher:
    """Hashes and verifies passwords for one process."""

    def __init__(self, concurrency: int) -> None:
        self._hash = PasswordHash.recommended()
        self._slots = asyncio.Semaphore(concurrency)

    async def hash(self, password: str) -> str:
        """The hash to store, in PHC string format."""
        async with self._slots:
            return await asyncio.to_thread(self._hash.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password matches the stored hash.

        Without a stored hash the same time is spent, so that the response time does not reveal whether a user exists.
        """
        async with self._slots:
            matches = await asyncio.to_thread(self._hash.verify, password, stored or self._placeholder_hash)
        return matches and stored is not None

    @cached_property
    def _placeholder_hash(self) -> str:
        return self._hash.hash("a password that nobody has")
