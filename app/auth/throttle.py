"""The limit on password guessing, as the auth feature sees it."""

from typing import Protocol


class Throttle(Protocol):
    """Limits attempts for each client address, and failed attempts for each e-mail address."""

    async def hit_address(self, address: str) -> None:
        """Count one attempt of a client address. Raises ``TooManyAttempts``."""

    async def ensure_open(self, email: str) -> None:
        """Raise ``TooManyAttempts`` after too many failures for this e-mail address."""

    async def record_failure(self, email: str) -> None:
        """Count one failed attempt for an e-mail address."""
