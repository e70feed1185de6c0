"""The anonymous rate limit, checked before any other work."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unauthenticated
from app.http.handshakes import method_of
from app.http.principal import has_credentials
from app.http.rate_limit.admission import charge_address
from app.http.rate_limit.limits import QuotaExceeded
from observability.requests.routes import path_below_mount

Costs = Mapping[tuple[str, str], int]
"""Method and path within the version -> units, for operations that do not cost 1."""
NeedsCaller = Callable[[str, str], bool]
"""Whether the operation at a method and a path within the version requires credentials."""


class RateLimitMiddleware:
    """Charges the client address of a request without credentials.

    Raises ``QuotaExceeded``, or ``Unauthenticated`` where the operation requires credentials: that response costs as
    little and says what to do.

    Requests with credentials are charged later: by the route, or by ``VersionMiddleware`` if none matched.
    """

    def __init__(self, app: ASGIApp, *, costs: Costs, needs_caller: NeedsCaller) -> None:
        self._app = app
        self._costs = costs
        self._needs_caller = needs_caller

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        anonymous = scope["type"] != "lifespan" and not has_credentials(scope)
        return (self._charge_first if anonymous else self._app)(scope, receive, send)

    async def _charge_first(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._charge(scope)
        await self._app(scope, receive, send)

    async def _charge(self, scope: Scope) -> None:
        method = "GET" if (method := method_of(scope)) == "HEAD" else method
        path = path_below_mount(scope)
        try:
            await charge_address(scope, self._costs.get((method, path), 1))
        except QuotaExceeded:
            if self._needs_caller(method, path):
                raise Unauthenticated from None
            raise
