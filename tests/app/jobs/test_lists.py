"""Lists of jobs and of the rows that a job left out: their order, their filters, and whose they are."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.jobs.commands import JobFilter
from app.jobs.queries import JobQueries
from app.kit.db.keyset import Position, Slice
from tests.support.app import TestApp
from tests.support.users import principal_of

ADD = (
    "INSERT INTO jobs (uid, owner_id, kind, status, params, run_after, started_at, finished_at, run)"
    " VALUES (gen_random_uuid(), :owner, :kind, CAST(:status AS text), '{}', now(), now(),"
    " CASE WHEN :status IN ('succeeded', 'failed', 'cancelled') THEN now() END,"
    " CASE WHEN :status = 'running' THEN gen_random_uuid() END) RETURNING id"
)
STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")


async def pages(read: Callable[[Position | None], Awaitable[Slice[Any]]]) -> list[list[Any]]:
    """All pages."""
    found: list[list[Any]] = []
    after: Position | None = None
    while not found or after is not None:
        page = await read(after)
        found.append(list(page.items))
        after = page.next_position
    return found


@pytest.mark.parametrize(
    "wanted",
    [JobFilter(), JobFilter(kind="email"), JobFilter(status="failed"), JobFilter(status="failed", kind="email")],
    ids=lambda wanted: "-".join(wanted.given()),
)
async def test_pages_are_newest_first_and_add_up(test_app: TestApp, wanted: JobFilter) -> None:
    owners = [
        (await principal_of(test_app, await test_app.person(f"{name}@example.com"))).user_id for name in ("ada", "bob")
    ]
    expected: list[int] = []
    async with test_app.runtime.database.write() as session:
        for number in range(24):
            status, kind, owner = STATUSES[number * 3 % 5], ("email", "report")[number % 2], owners[number % 3 == 2]
            values = {"owner": owner, "kind": kind, "status": status}
            added = (await session.scalars(text(ADD), values)).one()
            if owner == owners[0] and wanted.given().items() <= values.items():
                expected.insert(0, added)
    queries = JobQueries(test_app.runtime.database.reads)
    found = await pages(lambda after: queries.page(owners[0], wanted, after, 2))
    assert [[job.id for job in page] for page in found] == [
        expected[start : start + 2] for start in range(0, len(expected), 2)
    ]
    assert len(expected) > 1


async def test_the_rows_that_a_job_left_out_are_in_the_order_of_its_input(test_app: TestApp) -> None:
    ada = await principal_of(test_app, await test_app.person("ada@example.com"))
    values = {"owner": ada.user_id, "kind": "csv_import", "status": "running"}
    add = "INSERT INTO job_problems (job_id, line, pointer, code, detail) VALUES (:job, :line, '/title', 'missing', '')"
    async with test_app.runtime.database.write() as session:
        job, other = [(await session.scalars(text(ADD), values)).one() for _ in range(2)]
        for line in (3, 5, 9):
            await session.execute(text(add), {"job": job, "line": line})
            await session.execute(text(add), {"job": other, "line": line + 1})
    queries = JobQueries(test_app.runtime.database.reads)
    found = await pages(lambda after: queries.problems(job, after, 2))
    assert [[problem.line for problem in page] for page in found] == [[3, 5], [9]]
