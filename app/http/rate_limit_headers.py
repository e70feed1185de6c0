"""The headers of a decision, on whatever the response turned out to be."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.rate_limits import DECISION
from observability.rate_limit.headers import Dialect
from observability.rate_limit.limiter import Decision


class RateLimitHeaders:
    """Adds the fields of a dialect when the response starts: by then the decision is there, whoever took it."""

    def __init__(self, app: ASGIApp, *, dialect: Dialect) -> None:
        self._app = app
        self._fields = dialect.fields

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                decision: Decision | None = scope["state"].get(DECISION)
                if decision is not None:
                    message = {**message, "headers": [*message.get("headers", ()), *self._fields(decision)]}
            await send(message)

        await self._app(scope, receive, send_with_fields)
