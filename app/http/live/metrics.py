"""The instruments of streams and WebSockets."""

from collections.abc import Iterable
from typing import Final

from observability.metrics.metrics import Metrics

PROCESS: Final = "process"
CALLER: Final = "caller"
SLOW_CLIENT: Final = "slow_client"
RATE: Final = "rate"


class RealtimeMetrics:
    """Counts open connections, those that were rejected, and messages that were not delivered."""

    def __init__(self, metrics: Metrics) -> None:
        self.connections = metrics.gauge(
            "realtime_connections", "Streams and WebSockets that are open.", ("api_version", "channel")
        )
        self.limit = metrics.gauge(
            "realtime_connections_limit", "Streams and WebSockets that all processes together accept.", ()
        )
        self.rejected = metrics.counter(
            "realtime_rejected_connections", "Streams and WebSockets that were rejected at a limit.", ("limit",)
        )
        self.dropped = metrics.counter(
            "realtime_dropped", "Connections that lost their place, and messages that were ignored.", ("reason",)
        )
        for limit in (PROCESS, CALLER):
            # `rate()` misses an increment from absent to 1.
            self.rejected.labels(limit)
        for reason in (SLOW_CLIENT, RATE):
            self.dropped.labels(reason)

    def start_at_zero(self, api_version: str, channels: Iterable[str]) -> None:
        """Create the series of the connections of a version."""
        for channel in channels:
            self.connections.labels(api_version, channel)
