"""The instruments of transfers."""

from collections.abc import Iterable
from typing import Final

from observability.metrics.metrics import Metrics

UPLOAD: Final = "upload"
DOWNLOAD: Final = "download"


class TransferMetrics:
    """Uploads and downloads in progress, and how many there may be."""

    def __init__(self, metrics: Metrics) -> None:
        self.active = metrics.gauge(
            "transfers_active", "Uploads and downloads in progress.", ("api_version", "direction")
        )
        self.limit = metrics.gauge("transfers_limit", "Transfers that all processes together accept.", ())

    def start_at_zero(self, versions: Iterable[str]) -> None:
        """Create the series of every version."""
        for version in versions:
            for direction in (UPLOAD, DOWNLOAD):
                self.active.labels(version, direction)
