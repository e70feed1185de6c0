"""The worker's own loop of deliveries: attempts of many endpoints at once, and of each endpoint only a few.

A delivery is no job of the queue: the queue has no limit for each endpoint, so a slow one would delay all others.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from app.events.render_failures import RenderFailures
from app.events.rendering import EventRenderer
from app.events.stored import StoredEvent
from app.kit.background import run_logged, stepping
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.egress.pinned import ATTEMPT_SECONDS, PinnedEgress
from app.webhooks.delivery_views import EVENT_DELETED, EVENT_NOT_RENDERED, VERSION_RETIRED
from app.webhooks.metrics import WebhookMetrics
from app.webhooks.queries import WebhookQueries
from app.webhooks.repository import DeliveryRepository
from app.webhooks.retry import MAX_ATTEMPTS
from app.webhooks.sending import Message, send
from app.webhooks.settlement import end, settle
from app.webhooks.signing import SecretSealer
from app.webhooks.views import Claim, Outcome
from observability.metrics.metrics import Metrics
from observability.tracing.jobs import job_span
from observability.tracing.tracer import Tracing

_SLOTS: Final = 64
"""Attempts of this worker at the same time."""
_OF_AN_ENDPOINT: Final = 4
_LEASE: Final = timedelta(seconds=ATTEMPT_SECONDS + 15)
"""After it, another worker attempts the delivery again, with the same ``webhook-id``."""
_POLL_SECONDS: Final = 0.5
_SPAN: Final = "webhooks.delivery"
_SYSTEM: Final = "deliveries"
_LOG: Final = structlog.get_logger()


class DeliveryLoop:
    """Claims due deliveries and attempts them."""

    def __init__(
        self,
        database: UnitOfWork,
        sealer: SecretSealer,
        egress: PinnedEgress,
        renderers: Mapping[str, EventRenderer],
        retirements: Mapping[str, datetime],
        tracing: Tracing,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._egress = egress
        self._renderers = renderers
        self._retirements = retirements
        self._tracing = tracing
        self._metrics = metrics.group(WebhookMetrics)
        for api_version in renderers:
            self._metrics.declare(api_version)
        self._failures = metrics.group(RenderFailures)
        self._queries = WebhookQueries(database.reads)
        self.attempts: set[asyncio.Task[None]] = set()
        self.nudged = asyncio.Event()

    @asynccontextmanager
    async def running(self, grace: float) -> AsyncIterator[None]:
        """Deliver during the block. At its end, attempts have ``grace`` seconds; others are made again later."""
        try:
            async with stepping("webhooks_not_delivered", self.step, self.nudged, _POLL_SECONDS):
                yield
        finally:
            if self.attempts:
                await asyncio.wait(self.attempts, timeout=grace)
            for attempt in self.attempts:
                attempt.cancel()
            await asyncio.gather(*self.attempts, return_exceptions=True)

    async def step(self) -> bool:
        """Start attempts in the free slots. The end of an attempt nudges the loop."""
        free = _SLOTS - len(self.attempts)
        if free <= 0 or not await self._queries.has_due(utc_now()):
            return False
        now = utc_now()
        async with self._database.write() as session:
            repository = DeliveryRepository(session)
            claims = await repository.claim(free, _OF_AN_ENDPOINT, now, now + _LEASE)
            events = await repository.events([claim.event_id for claim in claims])
            secrets: dict[int, list[bytes]] = defaultdict(list)
            for endpoint, sealed in await repository.secrets([claim.endpoint_id for claim in claims], now):
                if (secret := self._sealer.open(sealed.sealed, sealed.uid)) is not None:
                    secrets[endpoint].append(secret)
        for claim in claims:
            task = asyncio.create_task(self._attempt(claim, events.get(claim.event_id), secrets[claim.endpoint_id]))
            self.attempts.add(task)
            task.add_done_callback(self._ended)
        return False

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.attempts.discard(task)
        self.nudged.set()

    async def _attempt(self, claim: Claim, event: StoredEvent | None, secrets: Sequence[bytes]) -> None:
        async def attempt() -> None:
            started = utc_now()
            renderer = self._renderers.get(claim.api_version)
            if renderer is None or claim.retired or self._retirements.get(claim.api_version, started) < started:
                await end(self._database, claim, "skipped", VERSION_RETIRED, started)
            elif event is None:
                await end(self._database, claim, "failed", EVENT_DELETED, started)
            elif (body := self._rendered(claim.api_version, renderer, event)) is None:
                await end(self._database, claim, "failed", EVENT_NOT_RENDERED, started)
            else:
                message = Message(renderer.webhook_id(event.uid), body, secrets)
                with job_span(self._tracing, _SPAN, event.traceparent, attempt=claim.attempt, system=_SYSTEM):
                    if claim.attempt == 1:
                        age = max(0.0, (started - claim.created_at).total_seconds())
                        self._metrics.age.labels(claim.api_version).observe(age)
                    outcome = await self._outcome(claim, message, started)
                    self._metrics.count(outcome)
                    recorded = await settle(self._database, claim, outcome, started, utc_now())
                _LOG.debug("webhook_attempted", status=outcome.status, error=outcome.error, recorded=recorded)

        await run_logged("webhook_attempt_not_recorded", attempt)

    def _rendered(self, api_version: str, renderer: EventRenderer, event: StoredEvent) -> bytes | None:
        return self._failures.rendered(api_version, event.uid, partial(renderer.render, event))

    async def _outcome(self, claim: Claim, message: Message, now: datetime) -> Outcome:
        if claim.attempt > MAX_ATTEMPTS:
            return Outcome(0, error="worker_ended")
        return await send(self._egress, claim.url, message, now)
