"""Measures the deliveries that are due and the states of endpoints."""

from typing import Final

from app.kit.background import repeat_from_now
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.webhooks.metrics import STATES, EndpointMetrics
from app.webhooks.queries import WebhookQueries

_SECONDS: Final = 5.0


class WebhookBacklog:
    """Measures what the database says about webhooks."""

    def __init__(self, reads: ReadSession, metrics: EndpointMetrics) -> None:
        self._queries = WebhookQueries(reads)
        self._metrics = metrics

    async def run(self) -> None:
        """Update the metrics every 5 seconds until cancelled; they keep their values while the database is down."""
        await repeat_from_now("webhooks_not_measured", self.update, _SECONDS)

    async def update(self) -> None:
        """Update the metrics once. Raises ``Unavailable``."""
        now = utc_now()
        due, oldest = await self._queries.backlog(now)
        states = await self._queries.states()
        self._metrics.due.set(due)
        self._metrics.oldest.set(0.0 if oldest is None else (now - oldest).total_seconds())
        for state in STATES:
            self._metrics.endpoints.labels(state).set(states.get(state, 0))
