"""Each schedule of the worker runs what it names, at its time: it deletes what has expired, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from croniter import croniter
from pydantic import SecretStr
from sqlalchemy import select
from structlog.testing import capture_logs

from app import worker
from app.http.idempotency.keys import RETENTION
from app.kit.clock import utc_now
from app.kit.queue.schedules import WorkerResources, housekeeping, register_schedules
from app.ledger.metrics import LedgerMetrics
from app.models import PendingRegistration, SignInFlow, UsageDay
from app.models.idempotency import IdempotencyRecord
from app.models.usage import BUCKETS
from app.settings.database import DatabaseSettings
from app.usage.repository import UsageDelta, UsageRepository
from app.wiring import all_schedules
from observability.metrics.metrics import Metrics
from tests.support.app import DirectRun, TestApp
from tests.support.bank import Bank, two_accounts
from tests.support.jobs import worker_resources
from tests.support.transactions import dsn_of, owner_of
from tests.support.waiting import PATIENCE, eventually
from tests.support.wire import WIRE

PURGE_RECORDS = "idempotency.purge"
PURGE_REGISTRATIONS = "auth.purge_registrations"
PURGE_USAGE = "versions.purge_usage"
PURGE_FLOWS = "identities.purge_flows"
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)
MAINTAIN_AUDIT = "audit.partitions"
MINUTE = timedelta(minutes=1)
PERIODS = {
    PURGE_RECORDS: HOURLY,
    PURGE_REGISTRATIONS: HOURLY,
    PURGE_USAGE: DAILY,
    "versions.count_consumers": 10 * MINUTE,
    PURGE_FLOWS: HOURLY,
    MAINTAIN_AUDIT: DAILY,
    "events.purge": DAILY,
    "files.clean": HOURLY,
    "jobs.purge": DAILY,
    "ledger.check": DAILY,
    "ledger.expire_holds": MINUTE,
    "notifications.purge": DAILY,
    "rooms.purge": HOURLY,
    "webhooks.purge": DAILY,
}
DAYS_KEPT = 400


@pytest.fixture
async def rows(concurrent_app: TestApp) -> dict[str, set[Any]]:
    """Adds rows that have expired and rows that have not; the names of the latter by table."""
    now = utc_now()
    records = {
        b"just made": (now, now + RETENTION),
        b"made an hour ago": (now - 60 * MINUTE, now - 60 * MINUTE + RETENTION),
        b"expires in a minute": (now + MINUTE - RETENTION, now + MINUTE),
        b"expired a minute ago": (now - MINUTE - RETENTION, now - MINUTE),
        b"expired a day ago": (now - 2 * RETENTION, now - RETENTION),
    }
    days = [now.date() - timedelta(days=age) for age in (0, 30, DAYS_KEPT - 1, DAYS_KEPT + 2, 2 * DAYS_KEPT)]
    async with concurrent_app.runtime.database.write() as session:
        for scope, (made, expires) in records.items():
            session.add(
                IdempotencyRecord(
                    scope=scope, fingerprint=b"", sealed_response=b"", created_at=made, expires_at=expires
                )
            )
            session.add(
                SignInFlow(
                    digest=scope,
                    browser=b"",
                    provider="github",
                    callback="",
                    purpose="sign_in",
                    created_at=made,
                    expires_at=expires,
                )
            )
            session.add(
                PendingRegistration(
                    email="a@example.com",
                    email_canonical="a@example.com",
                    display_name="A",
                    password_hash="",
                    digest=scope,
                    created_at=made,
                    expires_at=expires,
                )
            )
        await UsageRepository(session).add(
            [UsageDelta(WIRE, "anonymous", "posts.list", "", day, 1, 0, 0, 0, [0] * BUCKETS, now, now) for day in days]
        )
    valid = {name for name in records if not name.startswith(b"expired")}
    return {"records": valid, "registrations": valid, "flows": valid, "usage": set(days[:3])}


async def stored(test_app: TestApp) -> dict[str, set[Any]]:
    async with test_app.runtime.database.write() as session:
        return {
            "records": set(await session.scalars(select(IdempotencyRecord.scope))),
            "registrations": set(await session.scalars(select(PendingRegistration.digest))),
            "flows": set(await session.scalars(select(SignInFlow.digest))),
            "usage": set(await session.scalars(select(UsageDay.day))),
        }


async def run_now(resources: WorkerResources, name: str) -> None:
    """Do what a schedule names, as the job does that the worker enqueues at its time."""
    database = resources.database
    await housekeeping(all_schedules(resources))(DirectRun(database, {"schedule": name}))


async def test_the_names_and_times_of_all_schedules(concurrent_app: TestApp) -> None:
    resources = worker_resources(concurrent_app)
    schedules = all_schedules(resources)
    assert sorted(schedule.name for schedule in schedules) == sorted(PERIODS)
    start = datetime(2026, 2, 28, 12, 30, tzinfo=UTC)
    for schedule in schedules:
        times = croniter(schedule.expression, start)
        first, second, third = (times.get_next(datetime) for _ in range(3))
        assert second - first == third - second == PERIODS[schedule.name], schedule.expression
    await register_schedules(schedules, resources.database)
    async with owner_of(resources.database) as owner:
        stored_periods = await owner.fetch("SELECT name, period FROM schedule_runs")
    assert {row["name"]: timedelta(seconds=row["period"]) for row in stored_periods} == PERIODS


@pytest.mark.parametrize(
    ("name", "table"),
    [
        (PURGE_RECORDS, "records"),
        (PURGE_REGISTRATIONS, "registrations"),
        (PURGE_USAGE, "usage"),
        (PURGE_FLOWS, "flows"),
    ],
)
async def test_a_schedule_deletes_what_it_names(
    concurrent_app: TestApp, rows: dict[str, set[Any]], name: str, table: str
) -> None:
    before = await stored(concurrent_app)
    with capture_logs() as lines:
        for _ in range(2):
            await run_now(worker_resources(concurrent_app), name)
            assert await stored(concurrent_app) == before | {table: rows[table]}
    numbers = [value for line in lines for field, value in line.items() if field in {"rows", "records"}]
    assert numbers == [len(before[table] - rows[table]), 0]


@pytest.mark.parametrize(
    ("name", "event", "number"),
    [(PURGE_USAGE, "version_usage_purged", 2), ("versions.count_consumers", "version_consumers_counted", 1)],
)
@pytest.mark.usefixtures("rows")
async def test_a_schedule_of_usage_logs_the_number_of_its_rows(
    concurrent_app: TestApp, name: str, event: str, number: int
) -> None:
    with capture_logs() as lines:
        await run_now(worker_resources(concurrent_app), name)
    assert lines == [{"event": event, "log_level": "info", "rows": number}]


async def test_partitions_of_the_audit_trail_are_created_and_dropped(concurrent_app: TestApp) -> None:
    async def partitions() -> set[str]:
        rows = await owner.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass"
        )
        return {row[0] for row in rows}

    async with owner_of(concurrent_app.runtime.database) as owner:
        at_first = await partitions()
        await owner.execute(f"DROP TABLE {max(at_first - {'audit_events_default'})}")
        await owner.execute(
            "CREATE TABLE audit_events_2020_01 PARTITION OF audit_events"
            " FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')"
        )
        await run_now(worker_resources(concurrent_app), MAINTAIN_AUDIT)
        assert await partitions() == at_first


async def test_the_nightly_check_of_the_ledger_is_reported(concurrent_app: TestApp) -> None:
    metrics = Metrics()
    ledger = metrics.group(LedgerMetrics)
    ledger.imbalance.labels("all").set(5)
    await run_now(worker_resources(concurrent_app, metrics=metrics), "ledger.check")
    assert metrics.registry.get_sample_value("ledger_imbalance", {"check": "all"}) == 0


async def test_the_end_of_holds_is_logged_with_their_number(concurrent_app: TestApp) -> None:
    ada, payer, payee = await two_accounts(concurrent_app)
    bank = Bank(concurrent_app.runtime.database)
    for lifetime in (-MINUTE, -MINUTE, MINUTE):
        await bank.hold(ada.user, payer, payee, "1", lifetime)
    with capture_logs() as lines:
        await run_now(worker_resources(concurrent_app), "ledger.expire_holds")
    assert [line["holds"] for line in lines if line["event"] == "holds_expired"] == [2]


async def test_the_worker_runs_schedules_that_are_due(
    concurrent_app: TestApp, dsn: str, rows: dict[str, set[Any]]
) -> None:
    given = concurrent_app.runtime.settings
    settings = given.with_groups(given[DatabaseSettings].model_copy(update={"url": SecretStr(dsn)}))
    metrics = Metrics()
    connection = await asyncpg.connect(dsn)

    async def run_until(condition: Callable[[], Awaitable[object]]) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(settings, stop, metrics))
        await eventually(condition)
        stop.set()
        await asyncio.wait_for(running, PATIENCE)

    async def known() -> bool:
        return await connection.fetchval("SELECT count(*) FROM pgqueuer_schedules") == len(PERIODS)

    async def purged() -> bool:
        checked = metrics.registry.get_sample_value("ledger_imbalance", {"check": "all"})
        succeeded = await connection.fetchval("SELECT count(succeeded_at) FROM schedule_runs")
        return checked is not None and succeeded == len(PERIODS) and await stored(concurrent_app) == rows

    await run_until(known)
    await connection.execute("UPDATE pgqueuer_schedules SET next_run = now() - interval '1 minute'")
    await run_until(purged)
    await connection.close()


@pytest.fixture
def dsn(concurrent_app: TestApp) -> str:
    return dsn_of(concurrent_app)
