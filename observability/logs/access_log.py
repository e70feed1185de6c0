"""One log line per request, without query string, headers or raw path, because each may contain a secret."""

from collections.abc import Set as AbstractSet
from typing import Final

from starlette.types import Scope

from observability.logs.configuration import request_lines
from observability.requests.context import FAILED, RequestContext, Requests

_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400


class AccessLog:
    """Writes ``request`` events: at error level for 5xx, at debug level for successful requests to ``quiet_paths``."""

    def __init__(self, *, quiet_paths: AbstractSet[str]) -> None:
        self._quiet_paths = quiet_paths

    def on_start(self, scope: Scope, context: RequestContext) -> None:
        """Does nothing: a line is written when a request ends."""

    def on_end(self, requests: Requests) -> None:
        """See ``RequestListener``."""
        for scope, context in requests:
            self._write(scope, context)
        request_lines.flush()

    def _write(self, scope: Scope, context: RequestContext) -> None:
        status = context.status or FAILED
        log = request_lines.log
        if status >= _SERVER_ERROR:
            write = log.error
        elif status < _CLIENT_ERROR and scope["path"] in self._quiet_paths:
            write = log.debug
        else:
            write = log.info
        write(
            "request",
            request_id=context.request_id,
            trace_id=context.trace_id,
            span_id=context.span_id,
            api_version=context.api_version,
            http_route=context.route,
            method=context.method,
            status=status,
            duration_ms=round(context.duration * 1000, 3),
            consumer=context.consumer,
            bytes_out=context.bytes_out,
            **({"deprecated": context.deprecated} if context.deprecated else {}),
        )
