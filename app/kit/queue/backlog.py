"""Metrics of the job queue."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import DateTime, Text, bindparam, column, func, literal_column, select, table

from app.kit.background import repeat_from_now
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.kit.queue.metrics import QueueMetrics
from app.kit.queue.runner import APPLICATION_NAME

_SECONDS: Final = 5.0
_QUEUE: Final = table("pgqueuer", column("entrypoint", Text), column("status"), column("execute_after", DateTime))
_WAITING: Final = Read(
    select(
        _QUEUE.c.entrypoint,
        func.count(),
        # PgQueuer writes ``execute_after`` with PostgreSQL's clock, so the age is measured with the same one.
        func.extract("epoch", func.statement_timestamp() - func.min(_QUEUE.c.execute_after)),
    )
    .where(_QUEUE.c.status == literal_column("'queued'"))
    .group_by(_QUEUE.c.entrypoint)
)


_SESSIONS: Final = table(
    "pg_stat_activity", column("datname", Text), column("application_name", Text), column("state_change", DateTime)
)
_WORKERS: Final = Read(
    select(func.count()).where(
        # A server may have databases of several installations.
        _SESSIONS.c.datname == func.current_database(),
        _SESSIONS.c.application_name == literal_column(f"'{APPLICATION_NAME}'"),
        _SESSIONS.c.state_change > literal_column("statement_timestamp() - interval '15 seconds'"),
    )
)
"""An idle worker polls the queue every 5 seconds, so that the state of its session changes. One that is stopped keeps
its session, but polls no longer."""


_JOBS: Final = table(
    "jobs", column("kind", Text), column("status", Text), column("finished_at", DateTime(timezone=True))
)
_FAILED: Final = Read(
    select(_JOBS.c.kind, func.count())
    .where(
        _JOBS.c.status == literal_column("'failed'"),
        _JOBS.c.finished_at > bindparam("since", type_=DateTime(timezone=True)),
    )
    .group_by(_JOBS.c.kind)
)
_SCHEDULES: Final = Read(
    select(*(column(name) for name in ("name", "period", "registered_at", "succeeded_at"))).select_from(
        table("schedule_runs")
    )
)


class Backlog:
    """Measures waiting jobs by name: their number, and for how many seconds the oldest one has been due.

    Also counts the workers that poll the queue, and reads when each schedule last succeeded. API processes run it:
    a worker cannot report its own death.
    """

    def __init__(self, reads: ReadSession, metrics: QueueMetrics, jobs: Sequence[str]) -> None:
        self._reads = reads
        self._metrics = metrics
        self._jobs = jobs

    async def run(self) -> None:
        """Update the metrics every 5 seconds until cancelled; they keep their values while the database is down."""
        await repeat_from_now("queue_not_measured", self.update, _SECONDS)

    async def update(self) -> None:
        """Update the metrics once. Raises ``Unavailable``."""
        waiting = {name: (depth, age) for name, depth, age in await self._reads.all(_WAITING)}
        rows = await self._reads.all(_FAILED, since=utc_now() - timedelta(hours=1))
        failed = {row[0]: row[1] for row in rows}
        for name in self._jobs:
            depth, age = waiting.get(name, (0, 0))
            self._metrics.queue_depth.labels(name).set(depth)
            self._metrics.failed.labels(name).set(failed.get(name, 0))
            # A retry that is not due yet has a negative age.
            self._metrics.queue_oldest.labels(name).set(max(0.0, float(age)))
        self._metrics.workers.set(await self._reads.scalar(_WORKERS))
        for name, period, registered_at, succeeded_at in await self._reads.all(_SCHEDULES):
            self._metrics.succeeded.labels(name).set((succeeded_at or registered_at).timestamp())
            self._metrics.periods.labels(name).set(period)
