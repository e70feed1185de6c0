"""Jobs and events: ``python -m tests.benchmarks.jobs``, with ``--rounds`` for more of them.

Two ratios of rates, each the median over interleaved rounds on a server that syncs its commits:

* jobs of the product / jobs of PgQueuer alone, at the same batch size. A job is one write transaction with one row.
  Ours also has a row that says who owns it, counts its attempts, is fenced, traced and measured.
* commits of new posts with their event / without, 16 writers at once.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

import asyncpg
import typer
from pgqueuer import Job, PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.events.recorder import EventRecorder, Subject
from app.kit.db.database import Database
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobKind, JobRun
from app.kit.queue.queue_rows import new_queue
from app.models import Post
from app.posts.events import PostCreated
from app.settings.database import DatabaseSettings
from app.settings.loading import load_settings
from app.settings.worker import WorkerSettings
from app.wiring import tracing_config
from app.worker import add_jobs, job_execution
from observability.metrics.metrics import Metrics
from observability.tracing.tracer import Tracing
from tests.benchmarks.database import new_database
from tests.benchmarks.figures import Figure, in_turns
from tests.support.waiting import PATIENCE

BATCH: Final = 10
JOBS: Final = 1000
COMMITS: Final = 1500
WRITERS: Final = 16
_KIND: Final = JobKind("bench")
_INSERT: Final = "INSERT INTO bench_effects DEFAULT VALUES"
_PREPARE: Final = """
CREATE TABLE bench_effects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
INSERT INTO users (uid, email, display_name, password_hash, roles, is_verified)
VALUES (uuidv7(), 'jobs@bench.example', 'Jobs', '-', ARRAY['author'], true);
"""


class Queues:
    """Both queues on one database. Jobs are enqueued before a measurement begins."""

    def __init__(self, dsn: str, database: Database) -> None:
        self._dsn = dsn
        self._database = database

    async def ours(self, jobs: int) -> float:
        """Jobs a second, with our table."""
        done = _Countdown(jobs)

        async def handle(run: JobRun) -> None:
            async with run.completing() as session:
                await (await session.driver()).execute(_INSERT)
            done.one()

        async with self._database.write() as session:
            queue = JobQueue(session)
            for _ in range(jobs):
                await queue.enqueue(_KIND, {})
        metrics, tracing = Metrics(), Tracing(tracing_config(load_settings(generate=False), "bench"))
        execution = job_execution(WorkerSettings(), self._database, metrics, tracing)
        return await self._rate(lambda queue: add_jobs(queue, {_KIND: handle}, execution), jobs, done)

    async def alone(self, jobs: int) -> float:
        """Jobs a second, with PgQueuer alone."""
        done = _Countdown(jobs)

        def register(queue: PgQueuer) -> None:
            @queue.entrypoint("alone")
            async def handle(_job: Job) -> None:
                async with self._database.write() as session:
                    await (await session.driver()).execute(_INSERT)
                done.one()

        connection = await asyncpg.connect(self._dsn)
        queue = PgQueuer(connection=AsyncpgDriver(connection))
        await queue.qm.queries.enqueue(["alone"] * jobs, [b"{}"] * jobs, [0] * jobs)
        await connection.close()
        return await self._rate(register, jobs, done)

    async def _rate(self, register: Callable[[PgQueuer], object], jobs: int, done: "_Countdown") -> float:
        connection = await asyncpg.connect(self._dsn)
        queue = new_queue(AsyncpgDriver(connection))
        register(queue)
        started = time.perf_counter()
        working = asyncio.create_task(
            queue.run(
                dequeue_timeout=timedelta(seconds=5),
                heartbeat_timeout=timedelta(seconds=10),
                max_concurrent_tasks=BATCH * 2,
                batch_size=BATCH,
            )
        )
        await done.reached()
        elapsed = time.perf_counter() - started
        queue.shutdown.set()
        await working
        await connection.close()
        return jobs / elapsed


class _Countdown:
    def __init__(self, number: int) -> None:
        self._left = number
        self._reached = asyncio.Event()

    def one(self) -> None:
        self._left -= 1
        if not self._left:
            self._reached.set()

    async def reached(self) -> None:
        await asyncio.wait_for(self._reached.wait(), PATIENCE)


async def commits(database: Database, author: UUID, number: int, *, events: bool) -> float:
    """Commits a second."""
    left = iter(range(number))

    async def write() -> None:
        for _ in left:
            async with database.write() as session:
                await _new_post(session, author, event=events)

    started = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return number / (time.perf_counter() - started)


async def _new_post(session: WriteSession, author: UUID, *, event: bool) -> None:
    post = Post(uid=uuid7(), title="A title", content="A text " * 20, author_id=1, status="draft")
    session.add(post)
    await session.flush()
    if event:
        created = PostCreated(subject=Subject(post.uid, author, post.id), revision=1, status="draft")
        EventRecorder(session, author).record(created)


async def measure(dsn: str, rounds: int, jobs: int = JOBS, number: int = COMMITS) -> Sequence[Figure]:
    """Both ratios. The first round of each warms up and does not count."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(_PREPARE)
    author = await connection.fetchval("SELECT uid FROM users WHERE id = 1")
    await connection.close()
    database = await Database.open(dsn, DatabaseSettings(url=SecretStr(dsn), write_pool_size=WRITERS))
    queues = Queues(dsn, database)
    try:
        queue = await in_turns(rounds, lambda: queues.ours(jobs), lambda: queues.alone(jobs))
        written = await in_turns(
            rounds,
            lambda: commits(database, author, number, events=True),
            lambda: commits(database, author, number, events=False),
        )
    finally:
        await database.close()
    return [
        Figure(f"jobs / jobs of PgQueuer alone, batches of {BATCH}", queue, at_least=0.7),
        Figure("commits with an event / without", written, at_least=0.9),
    ]


def main(rounds: Annotated[int, typer.Option(min=1, help="Rounds that count.")] = 7) -> None:
    """Print the ratios. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    with new_database() as (dsn, _):
        goals = asyncio.run(measure(dsn, rounds))
    for goal in goals:
        sys.stdout.write(f"{goal}\n")


if __name__ == "__main__":
    typer.run(main)
