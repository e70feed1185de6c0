"""One log line per request, without text that a client or a user chose: ids, but no query, header or raw path."""

from collections.abc import Set as AbstractSet
from typing import Final

from starlette.types import Scope

from observability.logs.client_network import client_network
from observability.logs.configuration import request_lines
from observability.requests.context import FAILED, RequestContext, Requests

_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400


class AccessLog:
    """Writes ``request`` events: at error level for 5xx, at debug level for successful requests to ``quiet_paths``."""

    def __init__(self, *, quiet_paths: AbstractSet[str], release: str = "") -> None:
        self._quiet_paths = quiet_paths
        self._release = release

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
            client_network=client_network(scope),
            key=context.key,
            user=context.user,
            plan=context.consumer_tier,
            db_ms=round(context.database_seconds * 1000, 3),
            db_statements=context.database_statements,
            release=self._release,
            **_occasional(context),
        )

    def on_socket(self, scope: Scope, context: RequestContext) -> None:
        """See ``SocketListener``. The line names the route only: the path of a WebSocket can contain a token."""
        request_lines.log.info(
            "websocket",
            request_id=context.request_id,
            trace_id=context.trace_id,
            api_version=context.api_version,
            http_route=context.route,
            status=context.status,
            close_code=context.close_code,
            duration_ms=round(context.duration * 1000, 3),
            consumer=context.consumer,
            client_network=client_network(scope),
            key=context.key,
            user=context.user,
            plan=context.consumer_tier,
            release=self._release,
            **_occasional(context),
        )
        request_lines.flush()


def _occasional(context: RequestContext) -> dict[str, object]:
    """The fields of rejected, failed and deprecated requests."""
    found: dict[str, object] = {}
    if context.problem is not None:
        found["problem"] = context.problem
    if context.policy is not None:
        found["policy"] = context.policy
    if context.deprecated:
        found["deprecated"] = context.deprecated
    return found
