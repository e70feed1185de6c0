"""The bound on guessing, as the core sees it."""

from typing import Protocol


class Throttle(Protocol):
    """Counts attempts. Whoever runs out waits."""

    async def hit_address(self, address: str) -> None:
        """Count one attempt from a client address. Raises ``TooManyAttempts``."""

    async def ensure_account_open(self, account: str) -> None:
        """Raise ``TooManyAttempts`` when this account had too many failures."""

    async def note_failure(self, account: str) -> None:
        """Count one failed attempt against an account."""
