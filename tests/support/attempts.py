"""Runs attempts at jobs without PgQueuer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import asyncpg
import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.models import Job

from app.kit.queue.executor import JobExecutor
from app.kit.queue.kinds import JobHandler, JobKind
from app.kit.queue.queue_rows import QueueRows
from app.wiring import tracing_config
from app.worker import job_execution
from observability.metrics.metrics import Metrics
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp
from tests.support.jobs import FAST, KIND
from tests.support.transactions import database_of, dsn_of


class Attempts:
    """The executor of one worker, whose ``metrics`` and ``running`` attempts a test can look at."""

    def __init__(self, test_app: TestApp, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.metrics = Metrics()
        tracing = Tracing(tracing_config(test_app.runtime.settings, "test"))
        self._execution = job_execution(FAST, database_of(test_app), self.metrics, tracing)
        self.running = self._execution.running
        self.rows = QueueRows(AsyncpgDriver(connection))

    async def run(self, handler: JobHandler, uid: UUID | None, kind: JobKind = KIND, *, queue_id: int = 7) -> None:
        """Run one. Without ``uid``, PgQueuer's row has no payload."""
        payload = None if uid is None else orjson.dumps({"job": str(uid)})
        job = SimpleNamespace(id=queue_id, payload=payload, otel_headers=lambda: None)
        await JobExecutor(kind, handler, self._execution, self.rows)(cast("Job", job))

    def counted(self, name: str, **labels: str) -> float | None:
        """The value of a counter of the jobs of ``KIND``."""
        return self.metrics.registry.get_sample_value(name, {"kind": KIND.name, **labels})


@asynccontextmanager
async def attempting(test_app: TestApp) -> AsyncIterator[Attempts]:
    """Attempts on a connection of their own."""
    connection = await asyncpg.connect(dsn_of(test_app))
    yield Attempts(test_app, connection)
    await connection.close()
