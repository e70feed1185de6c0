"""Counts WebSockets that ended."""

from collections.abc import Iterable

from starlette.types import Scope

from observability.metrics.metrics import NO_VERSION, Metrics
from observability.requests.context import NOT_FOUND, SWITCHING_PROTOCOLS, RequestContext
from observability.requests.routes import UNMATCHED


class SocketMetrics:
    """The instrument of WebSockets. Those that are open are counted by the code that serves them."""

    def __init__(self, metrics: Metrics) -> None:
        self.ended = metrics.counter(
            "http_server_websockets",
            "WebSockets that ended, by the status of their handshake; 101 was accepted.",
            ("api_version", "http_route", "http_response_status_code"),
        )

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create the series of handshakes for no route: ``rate()`` misses an increment from absent to 1."""
        for version in versions:
            self.ended.labels(version, UNMATCHED, NOT_FOUND)


class SocketMetricsListener:
    """Counts every WebSocket at its end."""

    def __init__(self, metrics: SocketMetrics) -> None:
        self._ended = metrics.ended

    def on_socket(self, scope: Scope, context: RequestContext) -> None:  # noqa: ARG002 - of the protocol
        """See ``SocketListener``."""
        status = context.status or SWITCHING_PROTOCOLS
        self._ended.labels(context.api_version or NO_VERSION, context.route, status).inc()
