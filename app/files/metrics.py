"""The instrument of uploads to signed URLs."""

from typing import Final

from observability.metrics.metrics import Metrics

COMPLETED: Final = "completed"
REJECTED: Final = "rejected"
"""The content breaks a rule, or is too large."""
INTERRUPTED: Final = "interrupted"
"""The store or the database failed, or the process stopped; the client may complete the upload again."""


class PresignedMetrics:
    """Counts completions that read the content."""

    def __init__(self, metrics: Metrics) -> None:
        self.completions = metrics.counter(
            "presigned_uploads", "Uploads to signed URLs whose content was checked, by outcome.", ("outcome",)
        )
        for outcome in (COMPLETED, REJECTED, INTERRUPTED):
            self.completions.labels(outcome)
