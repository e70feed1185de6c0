"""The limit that stands before any work."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unauthenticated
from app.http.rate_limit.admission import charge_address, presents_credentials
from app.http.rate_limit.limits import QuotaExceeded

Costs = Mapping[tuple[str, str], int]
"""Method and path within the version -> units, for what does not take one."""
NeedsCaller = Callable[[str, str], bool]
"""Whether what a method and a path within the version lead to is for callers with credentials only."""


class RateLimitMiddleware:
    """Charges an anonymous caller's address before the request is looked at.

    Raises ``QuotaExceeded``; where a caller without credentials gets nothing anyhow, ``Unauthenticated`` instead, which
    is refused as cheaply and says what to do.

    Who presents credentials is charged by the route, which knows what it costs and learns who it is, or by the edge of
    the version, having come to none.
    """

    def __init__(self, app: ASGIApp, *, costs: Costs, needs_caller: NeedsCaller) -> None:
        self._app = app
        self._costs = costs
        self._needs_caller = needs_caller

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        anonymous = scope["type"] == "http" and not presents_credentials(scope)
        return (self._charged if anonymous else self._app)(scope, receive, send)

    async def _charged(self, scope: Scope, receive: Receive, send: Send) -> None:
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
