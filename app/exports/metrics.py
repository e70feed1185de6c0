"""The instruments of exports."""

from typing import Final

from app.exports.commands import ExportedResource
from observability.metrics.metrics import Metrics

COMPLETE: Final = "complete"
CUT: Final = "cut"
"""An error ended it, before or after the first row."""
ABANDONED: Final = "abandoned"
"""The client left, or the job was cancelled."""
REJECTED: Final = "rejected"
"""No connection became free."""
_OUTCOMES: Final = (COMPLETE, CUT, ABANDONED, REJECTED)


class ExportMetrics:
    """Counts exports, of responses and of jobs."""

    def __init__(self, metrics: Metrics) -> None:
        self.exports = metrics.counter("exports", "Exports that ended, by outcome.", ("resource", "outcome"))
        self.rows = metrics.counter("export_rows", "Rows of complete exports.", ("resource",))
        self.bytes = metrics.counter("export_bytes", "Bytes of exports, before their compression.", ("resource",))
        self.open = metrics.gauge("exports_open", "Exports that have a connection.", ())
        self.open.labels()
        for resource in ExportedResource:
            self.rows.labels(resource.value)
            self.bytes.labels(resource.value)
            for outcome in _OUTCOMES:
                self.exports.labels(resource.value, outcome)
