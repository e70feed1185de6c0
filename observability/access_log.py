"""One line a request, without query strings, headers or raw paths: any of them may hold a secret."""

from collections.abc import Set as AbstractSet
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from observability.context import current
from observability.logging import request_lines
from observability.routes import method

_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400


class AccessLog:
    """Writes ``request`` events: at error level for 5xx, at debug level for the successes of ``quiet_paths``."""

    def __init__(self, app: ASGIApp, *, quiet_paths: AbstractSet[str]) -> None:
        self._app = app
        self._quiet_paths = quiet_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        try:
            await self._app(scope, receive, send)
        finally:
            self._write(scope, quiet=path in self._quiet_paths)

    def _write(self, scope: Scope, *, quiet: bool) -> None:
        context = current(scope)
        duration = context.finish(scope)
        status = context.status or _SERVER_ERROR
        log = request_lines.log
        if status >= _SERVER_ERROR:
            write = log.error
        elif quiet and status < _CLIENT_ERROR:
            write = log.debug
        else:
            write = log.info
        write(
            "request",
            http_route=context.route,
            method=method(scope),
            status=status,
            duration_ms=round(duration * 1000, 3),
            consumer=context.consumer,
            bytes_out=context.bytes_out,
        )
