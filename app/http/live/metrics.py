"""The instruments of streams and WebSockets."""

from collections.abc import Iterable
from typing import Final

from observability.metrics.metrics import Metrics

STREAM: Final = "stream"
WEBSOCKET: Final = "websocket"
CHANNELS: Final = (STREAM, WEBSOCKET)
PROCESS: Final = "process"
CALLER: Final = "caller"
DRAINING: Final = "draining"
SLOW_CLIENT: Final = "slow_client"
DELETED: Final = "deleted"
"""The client continues after a position that is not kept, or never was one."""


_LAGS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)


class RealtimeMetrics:
    """Counts open connections, and those that were rejected."""

    def __init__(self, metrics: Metrics) -> None:
        self.connections = metrics.gauge(
            "realtime_connections", "Streams and WebSockets that are open.", ("api_version", "channel")
        )
        self.limit = metrics.gauge(
            "realtime_connections_limit", "Streams and WebSockets that all processes together accept.", ()
        )
        self.rejected = metrics.counter(
            "realtime_rejected_connections", "Streams and WebSockets that were rejected, by the limit.", ("limit",)
        )
        self.sent = metrics.counter("realtime_messages", "Messages that streams sent.", ("api_version",))
        self.lag = metrics.histogram(
            "realtime_lag_seconds", "Seconds from an event until a process offers it to its streams.", (), _LAGS
        ).labels()
        self.resets = metrics.counter(
            "realtime_resets", "Streams whose client lost its position, by the reason.", ("reason",)
        )
        for reason in (SLOW_CLIENT, DELETED):
            self.resets.labels(reason)
        for limit in (PROCESS, CALLER, DRAINING):
            # `rate()` misses an increment from absent to 1.
            self.rejected.labels(limit)

    def start_at_zero(self, api_version: str, channels: Iterable[str]) -> None:
        """Create the series of the connections of a version."""
        for channel in channels:
            self.connections.labels(api_version, channel)
        self.sent.labels(api_version)
