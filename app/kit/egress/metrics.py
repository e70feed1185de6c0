"""The instrument of outgoing requests."""

from typing import Final

from observability.metrics.metrics import Metrics

_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class EgressMetrics:
    """Requests to other servers. Peers and operations are names from the configuration and the code."""

    def __init__(self, metrics: Metrics) -> None:
        self._duration = metrics.histogram(
            "egress_request_duration_seconds",
            "Seconds of a request to another server.",
            ("peer", "operation", "outcome"),
            _BUCKETS,
        )

    def observe(self, peer: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one request. ``outcome`` is the class of its status, such as ``2xx``, or the reason of its failure."""
        self._duration.labels(peer, operation, outcome).observe(seconds)
