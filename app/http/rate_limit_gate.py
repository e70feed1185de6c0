"""The limit that stands before any work, and behind whatever found no route."""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Unauthenticated
from app.http.admission import charge_address, decided, presents_credentials
from app.http.rate_limits import QuotaExceeded

Costs = Mapping[tuple[str, str], int]
"""Method and path within the version -> units, for what does not take one."""
NeedsCaller = Callable[[str, str], bool]
"""Whether what a method and a path within the version lead to is for callers with credentials only."""
_START: Final = "http.response.start"


class RateLimitGate:
    """Charges an anonymous caller's address before the request is looked at.

    Raises ``QuotaExceeded``; where a caller without credentials gets nothing anyhow, ``Unauthenticated`` instead, which
    is refused as cheaply and says what to do.

    Who presents credentials is charged by the route, which knows what it costs and learns who it is. What never comes
    to a route (a path that is not there, a method that is not, a body too large) is charged here, on its way out.
    """

    def __init__(self, app: ASGIApp, *, costs: Costs, needs_caller: NeedsCaller) -> None:
        self._app = app
        self._costs = costs
        self._needs_caller = needs_caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif presents_credentials(scope):
            await self._later(scope, receive, send)
        else:
            await self._charge(scope)
            await self._app(scope, receive, send)

    async def _charge(self, scope: Scope) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            await charge_address(scope, self._costs.get((method, path), 1))
        except QuotaExceeded:
            if self._needs_caller(method, path):
                raise Unauthenticated from None
            raise

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
