"""Webhook endpoints of tests."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.access.principal import Principal
from app.events.consumers import ConsumerRunner
from app.events.metrics import EventMetrics
from app.events.recorder import EventRecorder
from app.events.relay import Relay
from app.events.rendering import RENDERERS, RETIREMENTS
from app.http.plans import PlansComponent
from app.http.webhooks import WebhookComponent
from app.kit.egress.destinations import Guard
from app.kit.egress.pinned import PinnedEgress
from app.settings.loading import load_settings
from app.webhooks.commands import EndpointDraft
from app.webhooks.delivering import DeliveryLoop
from app.webhooks.event_consumers import DeliveryWriter
from app.webhooks.service import WebhookService
from app.webhooks.views import EndpointView
from app.wiring import tracing_config
from observability.metrics.metrics import Metrics
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp
from versions.v2.events import RENDERER

URL = "https://127.0.0.1:8443/hook"


async def create_endpoint(
    app: TestApp, principal: Principal, url: str = URL, events: tuple[str, ...] = (), version: str = "v2"
) -> tuple[EndpointView, str]:
    """An endpoint and its secret."""
    shared = app.runtime.get(WebhookComponent)
    async with app.runtime.database.write() as session:
        caps = app.runtime.get(PlansComponent).catalogue.caps(principal.plan)
        recorder = EventRecorder(session, principal.user_uid)
        service = WebhookService(session, principal, caps, recorder, shared.sealer, shared.egress.guard)
        return await service.create(EndpointDraft(url, events, version, RENDERER.types.keys()))


class Deliveries:
    """Relays events, writes deliveries and attempts those that are due, step by step."""

    def __init__(self, app: TestApp, guard: Guard | None = None) -> None:
        """``guard`` replaces that of the application, which allows loopback."""
        database, shared = app.runtime.database, app.runtime.get(WebhookComponent)
        metrics = EventMetrics(Metrics())
        tracing = Tracing(tracing_config(load_settings(generate=False), "test"))
        self.app = app
        self._relay = Relay(database, metrics)
        self._metrics = metrics
        self._consumer = ConsumerRunner(database, DeliveryWriter(RENDERERS, RETIREMENTS), metrics)
        self.measured = Metrics()
        egress = shared.egress if guard is None else PinnedEgress(guard)
        self.loop = DeliveryLoop(database, shared.sealer, egress, RENDERERS, RETIREMENTS, tracing, self.measured)

    async def begin(self) -> None:
        """Start behind the events that exist."""
        await self.write()

    def retire(self, retirements: Mapping[str, datetime]) -> None:
        """Write deliveries as if versions were declared as retired at these times."""
        writer = DeliveryWriter(RENDERERS, retirements)
        self._consumer = ConsumerRunner(self.app.runtime.database, writer, self._metrics)

    async def write(self) -> None:
        """Write the deliveries of all events."""
        while await self._relay.step():
            pass
        while await self._consumer.step():
            pass

    async def attempt(self, *, at_once: bool = False) -> None:
        """Attempt what is due; with ``at_once`` also what waits for a later time."""
        if at_once:
            await self.execute("UPDATE deliveries SET next_at = created_at WHERE status = 'pending'")
        await self.loop.step()
        await asyncio.gather(*self.loop.attempts)

    async def execute(self, statement: str) -> None:
        async with self.app.runtime.database.write() as session:
            await session.execute(text(statement))

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        async with self.app.runtime.database.write() as session:
            return [tuple(row) for row in await session.execute(text(statement))]
