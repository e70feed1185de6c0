"""The instruments of the object store."""

from typing import Final

from observability.metrics.metrics import Metrics

_BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
OPERATIONS: Final = ("put", "write", "read", "size", "delete", "list", "sign")
OUTCOMES: Final = ("ok", "not_found", "exists", "failed")


class StorageMetrics:
    """Operations on the store, and the bytes that they carried."""

    def __init__(self, metrics: Metrics) -> None:
        self._duration = metrics.histogram(
            "storage_operation_duration_seconds",
            "Seconds of an operation on the object store; of a whole transfer where it streams.",
            ("operation", "outcome"),
            _BUCKETS,
        )
        self._bytes = metrics.counter("storage_bytes", "Bytes to and from the object store.", ("direction",))
        for direction in ("in", "out"):
            self._bytes.labels(direction)
        for operation in OPERATIONS:
            for outcome in OUTCOMES:
                self._duration.labels(operation, outcome)

    def observe(self, operation: str, outcome: str, seconds: float) -> None:
        """Count one operation."""
        self._duration.labels(operation, outcome).observe(seconds)

    def carried(self, direction: str, count: int) -> None:
        """Count bytes: ``in`` to the store, ``out`` of it."""
        self._bytes.labels(direction).inc(count)
