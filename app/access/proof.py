"""Fresh proof of identity, which a change of credentials requires."""

from datetime import timedelta
from typing import Final, Protocol

from app.access.principal import Principal

FRESH: Final = timedelta(minutes=10)
"""How long a sign-in or a reauthentication is sufficient proof."""


class IdentityProof(Protocol):
    """Checks that the caller, not only a token of the caller, is present."""

    async def ensure(self, principal: Principal, password: str | None) -> None:
        """Accept the caller's password or, without one, a session that was authenticated in the last 10 minutes.

        Raises ``InsufficientPermissions`` for an API key, ``ReauthenticationRequired``, ``WrongPassword`` and
        ``TooManyAttempts``.
        """


class OperatorProof:
    """The proof of an operator at the command line: access to the machine."""

    async def ensure(self, principal: Principal, password: str | None) -> None:
        """Accepts every caller."""
