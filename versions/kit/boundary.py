"""The last line of defence of a version: what nobody handled becomes a 500 in the version's own envelope."""

from collections.abc import Callable

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from observability.context import current

Renderer = Callable[[Request, Exception], Response]
"""Makes a version's error response from any exception."""


class ErrorBoundary:
    """Renders what escapes the application. A 500 is logged here, once, with its traceback.

    Starlette's own last resort would answer in plain text and raise again, so that the server logs it twice.
    """

    def __init__(self, app: ASGIApp, *, render: Renderer) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            response = self._render(Request(scope), error)
            if response.status_code >= 500:  # noqa: PLR2004 - the class of our own failures
                await structlog.get_logger().aerror("request_failed", exc_info=error)
            if current(scope).started_answering:
                # The head is out; only cutting the connection tells the client that the body is not whole.
                raise
            await response(scope, receive, send)
