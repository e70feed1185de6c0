"""The innermost layer: turns unhandled exceptions into 500 responses that still pass CORS, ids, metrics and the log."""

from typing import Final

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from observability.logs.exceptions import was_logged
from observability.requests.context import RequestContext, current

_LOG: Final = structlog.get_logger()
_TITLE: Final = "Internal Server Error"


class ErrorMiddleware:
    """Logs an unhandled exception, unless an inner layer has logged it, and sends a problem document (RFC 9457).

    Starlette's ``ServerErrorMiddleware`` runs outside of all our layers: its response is plain text without ids and
    CORS headers and is not counted, and it raises the exception again, so that the server logs it a second time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            current(scope).disconnected = True
        except Exception as error:
            context = current(scope)
            if context.disconnected and isinstance(error, OSError):
                return
            if not was_logged(error):
                _LOG.error("request_failed", exc_info=error)
            if not context.response_started:
                await _send_problem(context, send)
            elif not context.complete:
                # Only the server can close the connection, which shows the client that the body is incomplete.
                raise


async def _send_problem(context: RequestContext, send: Send) -> None:
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": _TITLE,
            "status": 500,
            "request_id": context.request_id,
            "trace_id": context.trace_id,
        }
    )
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
