"""Records the usage of all versions, in memory and later in the database, and exposes how many consumers they have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.types import Scope

from app.http.runtime import Component, Runtime, runtime_of
from app.http.state import state_of
from app.http.usage_evidence import EvidenceComponent
from app.kit.background import repeat_from_now, tasks_running
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.usage.buffer import UsageBuffer
from app.usage.metrics import ConsumerMetrics, UsageMetrics
from app.usage.queries import ConsumerCountQueries
from observability.conformance.exchange import BodyBuffer
from observability.requests.context import FAILED, RequestContext, Requests

_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COUNTS_SECONDS: Final = 15.0
"""Between two reads of the numbers of consumers, as between two scrapes of Prometheus."""
_UNKNOWN_CALLER: Final = frozenset({401, 405})
"""Responses to requests that were rejected before the consumer or the operation was known."""


class UsageComponent(Component):
    """The usage that one process has not written yet."""

    def __init__(self, buffer: UsageBuffer, database: UnitOfWork, evidence: EvidenceComponent) -> None:
        self.buffer = buffer
        self.evidence = evidence
        self._database = database

    @classmethod
    def build(cls, runtime: Runtime) -> "UsageComponent":
        """See ``Component``."""
        buffer = UsageBuffer(runtime.metrics.group(UsageMetrics).dropped.labels().inc)
        return cls(buffer, runtime.database, runtime.get(EvidenceComponent))

    async def flush(self) -> None:
        """Write the usage now. Raises as a write transaction does."""
        await self.buffer.flush(self._database)


class VersionConsumersComponent(Component):
    """Copies the numbers of consumers, which a worker counts, to the metrics of this process: a few rows."""

    def __init__(self, database: UnitOfWork, metrics: ConsumerMetrics) -> None:
        self._database = database
        self._metrics = metrics

    @classmethod
    def build(cls, runtime: Runtime) -> "VersionConsumersComponent":
        """See ``Component``."""
        metrics = runtime.metrics.group(ConsumerMetrics)
        metrics.start_at_zero(runtime.get(EvidenceComponent).collector.contracts)
        return cls(runtime.database, metrics)

    async def refresh(self) -> None:
        """Copy the numbers once. Raises ``Unavailable``."""
        self._metrics.set(await ConsumerCountQueries(self._database.reads).all())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        async with tasks_running(repeat_from_now("version_consumers_not_read", self.refresh, _COUNTS_SECONDS)):
            yield


class UsageListener:
    """Records consumer and operation of each request that matched a route. Implements ``RequestListener``.

    ``body_bytes`` is the most that is kept of a body until its request has ended and is sampled or not; 0: nothing.
    """

    def __init__(self, body_bytes: int = 0) -> None:
        self._body_bytes = body_bytes

    def on_start(self, scope: Scope, context: RequestContext) -> None:
        """See ``RequestListener``."""
        if self._body_bytes and scope["method"] not in _BODILESS:
            context.body = BodyBuffer(self._body_bytes)

    def on_end(self, requests: Requests) -> None:
        """See ``RequestListener``."""
        now = utc_now()
        for scope, context in requests:
            operation = getattr(scope.get("route"), "operation_id", None)
            if operation is None or context.api_version is None or context.status in _UNKNOWN_CALLER:
                continue
            usage = runtime_of(scope).get(UsageComponent)
            usage.evidence.offer(scope, context, operation, now)
            usage.buffer.record_request(
                context.api_version,
                operation,
                context.consumer,
                now,
                status=context.status or FAILED,
                seconds=context.duration,
                deprecated=bool(context.deprecated) or state_of(scope).sunset_version is not None,
            )
