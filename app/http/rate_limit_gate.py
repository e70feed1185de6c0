"""The limit that stands before any work, and behind whatever found no route."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.admission import charge_address, decided, presents_credentials
from app.http.rate_limits import QuotaExceeded

Costs = Mapping[tuple[str, str], int]
"""Method and path within the version -> units, for what does not take one."""
_START: Final = "http.response.start"


class RateLimitGate:
    """Charges an anonymous caller's address before the request is looked at. Raises ``QuotaExceeded``.

    Who presents credentials is charged by the route, which knows what it costs and learns who it is. What never comes
    to a route (a path that is not there, a method that is not, a body too large) is charged here, on its way out.
    """

    def __init__(self, app: ASGIApp, *, costs: Costs) -> None:
        self._app = app
        self._costs = costs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif presents_credentials(scope):
            await self._later(scope, receive, send)
        else:
            await charge_address(scope, self._cost(scope))
            await self._app(scope, receive, send)

    def _cost(self, scope: Scope) -> int:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        return self._costs.get((method, scope["path"].removeprefix(scope.get("root_path", ""))), 1)

    async def _later(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: QuotaExceeded | None = None

        async def charge_at_last(message: Message) -> None:
            nonlocal refusal
            if message["type"] == _START and not decided(scope):
                try:
                    await charge_address(scope, 1)
                except QuotaExceeded as error:
                    refusal = error
            # To raise here would meet the handlers of an application that has begun to answer.
            if refusal is None:
                await send(message)

        try:
            await self._app(scope, receive, charge_at_last)
        except Exception:
            if not decided(scope):
                await charge_address(scope, 1)
            raise
        if refusal is not None:
            raise refusal
