"""Measures what waits in the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.events.metrics import OutboxMetrics
from app.events.queries import EventQueries
from app.kit.background import repeat_from_now
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession

_SECONDS: Final = 5.0


class OutboxBacklog:
    """Measures the events that the relay has not seen, and how late each consumer is."""

    def __init__(self, reads: ReadSession, metrics: OutboxMetrics, consumers: Sequence[str]) -> None:
        self._queries = EventQueries(reads)
        self._consumers = consumers
        self._metrics = metrics

    async def run(self) -> None:
        """Update the metrics every 5 seconds until cancelled; they keep their values while the database is down."""
        await repeat_from_now("outbox_not_measured", self.update, _SECONDS)

    async def update(self) -> None:
        """Update the metrics once. Raises ``Unavailable``."""
        count, oldest = await self._queries.unrelayed()
        unhandled = await self._queries.unhandled(self._consumers)
        now = utc_now()
        self._metrics.unrelayed.set(count)
        self._metrics.lag.set(_age(oldest, now))
        for consumer, since in unhandled.items():
            self._metrics.consumer_lag.labels(consumer).set(_age(since, now))


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
