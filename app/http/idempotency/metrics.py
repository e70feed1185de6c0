"""The instrument of idempotency keys."""

from observability.metrics.metrics import Metrics


class IdempotencyMetrics:
    """Counts responses that were replayed for a known key."""

    def __init__(self, metrics: Metrics) -> None:
        self.replays = metrics.counter(
            "api_idempotent_replays", "Answers given again for a known Idempotency-Key.", ("api_version", "http_route")
        )
