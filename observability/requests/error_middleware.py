"""The innermost layer: what nobody handled becomes a 500 here, within reach of CORS, ids, metrics and log."""

from typing import Final

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from observability.logs.exceptions import was_logged
from observability.requests.context import RequestContext, current

_TITLE: Final = "Internal Server Error"


class ErrorMiddleware:
    """Logs an escaped exception, unless a boundary further in has, and answers with a problem document (RFC 9457).

    Starlette's own last resort stands outside of every layer of ours: its answer would be in plain text, without ids,
    uncounted and unreadable across origins, and it raises again, so that the server logs it a second time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger()

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
                self._log.error("request_failed", exc_info=error)
            if not context.started_answering:
                await _answer(context, send)
            elif not context.complete:
                # Only the server can cut the connection, which tells the client that the body is not whole.
                raise


async def _answer(context: RequestContext, send: Send) -> None:
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
