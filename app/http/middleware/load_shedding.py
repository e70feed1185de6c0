"""More requests at once than this process can answer in good time: some are sent away at once, and none waits long."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unavailable
from app.http.rate_limit.admission import charge_address
from app.http.runtime import Runtime


class Overloaded(Unavailable):
    code = "overloaded"
    detail = "More requests are under way than can be answered in good time. Try again in a moment."


class LoadSheddingMiddleware:
    """Raises ``Overloaded`` when ``limit`` requests are being answered by this process, of whichever version.

    A queue without a bound answers everybody too late; a refusal takes a hundredth of an answer, and comes with the
    time to return. The caller's quota is looked at for its headers, and not charged.
    """

    def __init__(self, app: ASGIApp, *, version: str) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        runtime: Runtime = scope["state"]["runtime"]
        capacity = runtime.capacity
        if capacity.in_use >= capacity.limit:
            runtime.metrics.shed_requests.labels(self._version).inc()
            await charge_address(scope, 0)
            raise Overloaded(retry_after=1)
        capacity.in_use += 1
        try:
            await self._app(scope, receive, send)
        finally:
            capacity.in_use -= 1
