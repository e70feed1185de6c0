"""Counts WebSockets that ended."""

from starlette.types import Scope

from observability.metrics.metrics import NO_VERSION, Metrics
from observability.requests.context import SWITCHING_PROTOCOLS, RequestContext


class SocketMetrics:
    """The instrument of WebSockets. Those that are open are counted by the code that serves them."""

    def __init__(self, metrics: Metrics) -> None:
        self.ended = metrics.counter(
            "http_server_websockets",
            "WebSockets that ended, by the status of their handshake; 101 was accepted.",
            ("api_version", "http_route", "http_response_status_code"),
        )


class SocketMetricsListener:
    """Counts every WebSocket at its end."""

    def __init__(self, metrics: SocketMetrics) -> None:
        self._ended = metrics.ended

    def on_socket(self, scope: Scope, context: RequestContext) -> None:  # noqa: ARG002 - of the protocol
        """See ``SocketListener``."""
        status = context.status or SWITCHING_PROTOCOLS
        self._ended.labels(context.api_version or NO_VERSION, context.route, status).inc()
