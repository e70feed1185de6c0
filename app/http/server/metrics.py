"""The instruments of connections."""

from observability.metrics.metrics import Metrics

REASONS = (
    "head_too_large",
    "malformed",
    "framing_too_large",
    "head_timeout",
    "no_request",
    "body_not_sent",
    "pipelined",
    "too_many_connections",
)


class ConnectionMetrics:
    """Counts connections that were closed before a request was complete, and shows how many are open."""

    def __init__(self, metrics: Metrics) -> None:
        self.rejected = metrics.counter(
            "http_server_rejected_connections", "Connections closed because of a limit or a syntax error.", ("reason",)
        )
        for reason in REASONS:
            # `rate()` misses an increment from absent to 1.
            self.rejected.labels(reason)
        self.open = metrics.gauge("http_server_open_connections", "Connections of clients, once a second.", ())
