"""The limits on password guessing, as the auth feature sees them."""

from typing import Protocol

from app.auth.errors import TooManyAttempts
from app.auth.queries import AuthQueries
from app.kit.clock import utc_now


class Throttle(Protocol):
    """Counts attempts for one user from one network, and failed attempts for one user from all networks."""

    network: str
    """The network of the client: an IPv4 address or an IPv6 /64."""

    async def charge(self, email: str) -> None:
        """Count one attempt for a canonical address from this network. Raises ``TooManyAttempts``."""

    async def rejection(self, email: str) -> TooManyAttempts | None:
        """The error for a new network, after too many failures from all networks."""

    async def record_failure(self, email: str) -> None:
        """Count one failed attempt for a canonical address."""


class GuessLimit:
    """Limits guesses of a password wherever one is checked. Addresses are canonical.

    Guesses from other networks cannot lock out an owner: a network from which the user has signed in has its own
    budget, and is served after the budget over all networks is used up.
    """

    def __init__(self, throttle: Throttle, queries: AuthQueries) -> None:
        self._throttle = throttle
        self._queries = queries

    async def admit(self, email: str) -> None:
        """Count one attempt. Raises ``TooManyAttempts``, for an unknown address under the same conditions."""
        await self._throttle.charge(email)
        rejection = await self._throttle.rejection(email)
        if rejection is not None and not await self._queries.knows_network(email, self._throttle.network, utc_now()):
            raise rejection

    async def record_failure(self, email: str) -> None:
        """Count one failed attempt."""
        await self._throttle.record_failure(email)
