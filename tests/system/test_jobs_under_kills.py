"""API, workers and PostgreSQL are killed at random during jobs and deliveries.

Each job runs, its effect is single, and a webhook endpoint receives each event. 40 jobs; with ``TESTS_DEEP=1`` 1,000. A
job imports a file with three posts, and each post is delivered.
"""

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2

from app.http.runtime import Runtime
from app.kit.db import migrations
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import Person, TestApp
from tests.support.imports import add_file
from tests.support.limits import POLICIES, set_plans
from tests.support.live import Process, Strata, free_port
from tests.support.outages import Postgres
from tests.support.postgres import application_dsn
from tests.support.receiving import receiving
from tests.support.waiting import PATIENCE, eventually
from versions.kit.typeid import encode

DEEP = os.environ.get("TESTS_DEEP") == "1"
JOBS, KILLS = (1000, 60) if DEEP else (40, 5)
CLIENTS = 4
POSTS = 3
RETRIED = {409, 429, 503, 504}
"""A request with the same key is in progress, or something is down."""


@dataclass
class Processes:
    """An API, two workers and PostgreSQL, each of which a test kills and starts again."""

    strata: Strata
    postgres: Postgres
    port: int
    stack: ExitStack
    received: Sequence[str] = ()
    """The ids of the messages that the endpoint received."""
    killed: Counter[str] = field(default_factory=Counter)
    running: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str) -> None:
        command = "serve" if name == "api" else "worker"
        self.running[name] = self.stack.enter_context(self.strata.running(command, PORT=str(self.port)))

    def kill(self, name: str) -> None:
        """Kill, and start again."""
        self.killed[name] += 1
        if name == "postgres":
            self.postgres.kill()
            self.postgres.start()
            return
        self.running[name].kill()
        self.running[name].wait(PATIENCE)
        self.start(name)


@asynccontextmanager
async def processes(settings: Settings, folder: Path) -> AsyncIterator[tuple[Processes, str, Person, Sequence[UUID]]]:
    """They run in the block, with their database, a user and the files to import."""
    postgres = Postgres(folder / "postgres")
    with ExitStack() as stack:
        stack.callback(postgres.destroy)
        admin = await asyncio.to_thread(postgres.start)
        dsn = application_dsn(admin)
        await asyncio.to_thread(migrations.upgrade, admin, role=migrations.Role.of(dsn))
        environment = {"WORKER__HEARTBEAT": "2", "WORKER__FIRST_DELAY": "0.2", "WORKER__MAX_ATTEMPTS": "100"}
        strata = Strata(folder / "home", dsn, **{f"STRATA_{name}": value for name, value in environment.items()})
        owner = await asyncpg.connect(admin)
        await owner.execute(set_plans(POLICIES))
        await owner.close()
        database = await Database.open(dsn, settings[DatabaseSettings])
        person = await TestApp(create_app(settings), Runtime.build(settings, database)).person("ada@example.com")
        bodies = ["title\n" + "".join(f"{job}.{row}\n" for row in range(POSTS)) for job in range(JOBS)]
        files = [await add_file(database, settings, strata.home, person, body.encode()) for body in bodies]
        await database.close()
        found = Processes(strata, postgres, free_port(), stack)
        found.start("api")
        target, found.received = stack.enter_context(receiving(204))
        await register(f"http://127.0.0.1:{found.port}", person, target)
        for name in ("one", "two"):
            found.start(name)
        yield found, admin, person, files


async def register(url: str, person: Person, target: str) -> None:
    """Create a webhook endpoint once the API listens."""
    body = {"url": target, "events": ["post.created"]}
    async with httpx2.AsyncClient(base_url=url, headers=person.headers, timeout=PATIENCE) as client:

        async def created() -> bool:
            try:
                response = await client.post("/api/v2/webhook-endpoints", json=body)
            except httpx2.ConnectError:
                return False
            assert response.status_code == 201, response.text
            return True

        await eventually(created)


async def request(url: str, person: Person, files: Sequence[UUID]) -> list[str]:
    """Request a job for each file, each with a key, until it is accepted. Returns the ids of the jobs."""
    found = []
    async with httpx2.AsyncClient(base_url=url, headers=person.headers, timeout=PATIENCE) as client:
        for file in files:
            headers = {"Idempotency-Key": secrets.token_hex(8)}
            body = {"type": "csv_import", "params": {"file_id": encode("file", file)}}

            async def accepted(body: Any = body, headers: Any = headers) -> bool:
                try:
                    response = await client.post("/api/v2/jobs", json=body, headers=headers)
                except httpx2.HTTPError:
                    return False
                assert response.status_code in {202, *RETRIED}, response.text
                if response.status_code == 202:
                    found.append(response.json()["id"])
                return response.status_code == 202

            await eventually(accepted)
    return found


async def rows(dsn: str, query: str) -> list[Any]:
    """The rows of a statement; none while PostgreSQL is down."""
    try:
        connection = await asyncpg.connect(dsn, timeout=PATIENCE)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return []


async def ensure_delivered(dsn: str, received: Sequence[str]) -> None:
    """Each event arrived, under its own id, and has one delivery."""
    events = {
        encode("evt", row["uid"]) for row in await rows(dsn, "SELECT uid FROM events WHERE type = 'post.created'")
    }

    async def settled() -> bool:
        # As if the leases of the killed workers, and the pauses after connections that broke, had ended.
        await rows(
            dsn, "UPDATE deliveries SET next_at = now() WHERE status IN ('pending', 'sending') AND next_at > now()"
        )
        found = await rows(
            dsn, "SELECT count(*) AS all, count(*) FILTER (WHERE status = 'succeeded') AS sent FROM deliveries"
        )
        return [tuple(row) for row in found] == [(len(events), len(events))]

    await eventually(settled)
    assert set(received) == events


async def test_each_job_runs_once_whatever_is_killed(settings: Settings, tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    chance = random.Random(seed)  # noqa: S311 - repeatable
    finished = "SELECT count(*) AS jobs FROM jobs WHERE kind = 'csv_import' AND finished_at IS NOT NULL"
    async with processes(settings, tmp_path) as (running, dsn, person, files):
        url = f"http://127.0.0.1:{running.port}"
        clients = [asyncio.create_task(request(url, person, files[number::CLIENTS])) for number in range(CLIENTS)]
        names = ["api", "one", "two", "postgres"]
        for kill in range(KILLS):

            async def further(enough: int = kill * JOBS // (KILLS + 1)) -> bool:
                return any(row["jobs"] > enough for row in await rows(dsn, finished))

            await eventually(further)
            # Each is killed, the rest at random, somewhere in the middle of whatever it does.
            await asyncio.sleep(chance.uniform(0, 0.2))
            await asyncio.to_thread(running.kill, names[kill] if kill < len(names) else chance.choice(names))
        ids = [one for found in await asyncio.gather(*clients) for one in found]

        async def all_finished() -> bool:
            return any(row["jobs"] == JOBS for row in await rows(dsn, finished))

        await eventually(all_finished)

        async def relayed() -> bool:
            return any(
                row["count"] == 0 for row in await rows(dsn, "SELECT count(*) FROM events WHERE position IS NULL")
            )

        await eventually(relayed)
        await ensure_delivered(dsn, running.received)
        log = running.strata.log("worker") + running.strata.log("serve")
        print(f"seed {seed}: killed {dict(running.killed)}")  # noqa: T201 - of a failed run
        assert len(set(ids)) == len(ids) == JOBS
        jobs = await rows(dsn, "SELECT status, done, count(*) FROM jobs WHERE kind = 'csv_import' GROUP BY 1, 2")
        assert [tuple(row) for row in jobs] == [("succeeded", POSTS, JOBS)]
        posts = await rows(dsn, "SELECT count(*) AS posts, count(DISTINCT title) AS titles FROM posts")
        assert [tuple(row) for row in posts] == [(JOBS * POSTS, JOBS * POSTS)]
        events = await rows(dsn, "SELECT type, count(*), count(DISTINCT subject_uid) FROM events GROUP BY 1 ORDER BY 1")
        counts = {"job.created": JOBS, "post.created": JOBS * POSTS, "webhook_endpoint.created": 1}
        assert [tuple(row) for row in events] == [(name, count, count) for name, count in counts.items()]
        defects = [line[-2000:] for line in log.splitlines() if "Traceback" in line]
        assert not defects, "\n".join(defects)
