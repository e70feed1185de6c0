"""What a request spends on the database, how long it waits, and pages over columns with nulls."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from app.kit.db.connection_pool import ConnectionPool
from app.kit.db.instrumentation import NullDatabaseMetrics
from app.kit.db.keyset import apply_keyset, bind_params, page_from_rows
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.statements import Read
from app.models import Post
from observability.metrics.metrics import Metrics
from observability.requests.context import ACTIVE, RequestContext
from tests.support.app import TestApp

PATIENCE = 60


def test_a_request_sums_its_statements() -> None:
    metrics = Metrics().group(PrometheusDatabaseMetrics)
    context = RequestContext("1", "2", "3", parent_span_id=None, api_version=None)
    token = ACTIVE.set(context)
    try:
        for seconds in (0.25, 0.5, 1.0):
            metrics.query_finished("SELECT 1", seconds)
    finally:
        ACTIVE.reset(token)
    metrics.query_finished("SELECT 1", 8.0)
    assert (context.database_statements, context.database_seconds) == (3, 1.75)


def test_connections_in_use_are_counted_by_pool() -> None:
    found = Metrics()
    metrics = found.group(PrometheusDatabaseMetrics)
    for _ in range(3):
        metrics.connection_acquired("read")
    metrics.connection_acquired("write")
    metrics.connection_released("read")
    for pool, number in (("read", 2), ("write", 1)):
        assert found.registry.get_sample_value("db_pool_in_use", {"pool": pool}) == number


def test_a_statement_is_counted_under_its_first_word() -> None:
    found = Metrics()
    metrics = found.group(PrometheusDatabaseMetrics)
    statements = (
        "SELECT 1",
        "select 1",
        "INSERT INTO a",
        "UPDATE a",
        "DELETE FROM a",
        "WITH a AS (SELECT 1)",
        "COMMIT",
    )
    for statement in (*statements, "selection", "EXPLAIN SELECT 1"):
        metrics.query_finished(statement, 0.25)
    counted = {
        name: found.registry.get_sample_value("db_query_duration_seconds_count", {"operation": name})
        for name in ("select", "insert", "update", "delete", "with", "other")
    }
    assert counted == {"select": 2, "insert": 1, "update": 1, "delete": 1, "with": 1, "other": 3}


def test_one_process_without_a_database_is_enough(tmp_path: Path) -> None:
    processes = [Metrics((), folder=tmp_path) for _ in range(2)]
    for process, available in zip(processes, (True, False), strict=True):
        process.group(PrometheusDatabaseMetrics).availability(available=available)
    for process in processes:
        assert process.registry.get_sample_value("db_available") == 0


def test_retries_are_counted_from_zero() -> None:
    found = Metrics()
    metrics = found.group(PrometheusDatabaseMetrics)
    for read, transaction in ((0, 0), (1, 0), (1, 1)):
        counts = [found.registry.get_sample_value("db_retries_total", {"work": w}) for w in ("read", "transaction")]
        assert counts == [read, transaction]
        metrics.retried("transaction" if read else "read")


class Waits(NullDatabaseMetrics):
    def __init__(self) -> None:
        self.seconds: list[float] = []

    def pool_wait(self, pool: str, seconds: float) -> None:
        assert pool == "read"
        self.seconds.append(seconds)


async def test_a_wait_lasts_until_a_connection_is_free(admin_dsn: str) -> None:
    driver_pool = await asyncpg.create_pool(admin_dsn, min_size=0, max_size=1)
    pool = ConnectionPool(driver_pool, PATIENCE, PATIENCE, waits := Waits())

    async def use(seconds: float) -> None:
        async with pool.acquire():
            await asyncio.sleep(seconds)

    await asyncio.gather(use(0.3), use(0))
    assert 0.25 < waits.seconds[1] < PATIENCE
    await pool.close()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_over_a_column_with_nulls_have_every_row_once(
    test_app: TestApp, size: int, *, descending: bool
) -> None:
    """A null is larger than every value, as in PostgreSQL's order: last, and first in descending order."""
    ada = await test_app.person("ada@example.com")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [2, None, 1, None, 2, 0, None]
    async with test_app.runtime.database.write() as session:
        for number, day in enumerate(days):
            moment = None if day is None else start + timedelta(days=day)
            session.add(Post(title=str(number), content="", author_id=ada.user.id, status="draft", published_at=moment))
            await session.flush()
    keys = ((Post.published_at, descending), (Post.id, descending))
    first, next_ = (
        Read(apply_keyset(select(Post.title, Post.published_at, Post.id), keys, after=after)) for after in (False, True)
    )
    found: list[str] = []
    position: Any = None
    for _ in range(len(days)):
        read = first if position is None else next_
        rows = await test_app.runtime.database.reads.all(read, limit=size + 1, **bind_params(position))
        page = page_from_rows(rows, size, lambda row: (row["published_at"], row["id"]))
        found += [row["title"] for row in page.items]
        position = page.next_position
        if position is None:
            break
    expected = sorted(range(len(days)), key=lambda each: (9 if days[each] is None else days[each], each))
    assert found == [str(each) for each in (reversed(expected) if descending else expected)]
