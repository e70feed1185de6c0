"""The job that stores an export as a file of its user."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.access.principal import Role
from app.exports.commands import Column, ExportedResource, ExportForm, ExportFormat, ExportRequest
from app.exports.job_names import EXPORT
from app.exports.jobs import jobs
from app.files.queries import FileQueries
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobKind
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp
from tests.support.exports import fill
from tests.support.jobs import ended, execute, worker_resources, working
from tests.support.jobs import jobs as job_rows
from tests.support.transactions import owner_of
from tests.support.waiting import eventually

COLUMNS = (Column("number", "id"), Column("title", "title"))
USERS = (Column("email", "email"), Column("roles", "roles"))


def request(form: ExportFormat, resource: ExportedResource = ExportedResource.POSTS) -> ExportRequest:
    columns = COLUMNS if resource is ExportedResource.POSTS else USERS
    return ExportRequest(resource, columns, ExportForm(form))


def test_a_job_keeps_its_request() -> None:
    for form in (ExportForm(ExportFormat.CSV), ExportForm(ExportFormat.JSON, "items", "total", trailer=True)):
        files = Column("files", "attachments", members=(Column("id", "uid", "file"), Column("name", "name")))
        wanted = ExportRequest(ExportedResource.USERS, (*COLUMNS, Column("id", "uid", "usr"), files), form)
        assert ExportRequest.of_params(orjson.loads(orjson.dumps(wanted.params()))) == wanted


def test_exports_leave_room_for_other_jobs() -> None:
    other = JobKind("any")
    assert EXPORT.priority < other.priority
    assert 1 <= EXPORT.concurrency <= 2
    assert EXPORT.timeout > other.timeout


async def run(
    test_app: TestApp, owner: UUID, wanted: ExportRequest, status: str, metrics: Metrics | None = None
) -> Mapping[str, Any]:
    resources = worker_resources(test_app, metrics=metrics)
    async with working(test_app, jobs(resources)[EXPORT], EXPORT):
        async with test_app.runtime.database.write() as session:
            await JobQueue(session).enqueue(EXPORT, {"owner": str(owner), **wanted.params()})
        await eventually(ended(test_app, status))
    (row,) = await job_rows(test_app)
    return dict(row)


async def content(test_app: TestApp, owner: Person, row: Mapping[str, Any]) -> tuple[str, str, bytes]:
    """The name, the media type and the content of the file that a job has stored."""
    result = orjson.loads(str(row["result"]))
    found = await FileQueries(test_app.runtime.database.reads).of_owner(owner.user.id, UUID(result["file"]))
    assert found is not None
    assert result["file_number"] == found.id
    body = b"".join([chunk async for chunk in test_app.store.stream(found.object_key)])
    assert len(body) == found.size
    return found.name, found.content_type, body


@pytest.mark.parametrize(
    ("form", "media_type"),
    [("csv", "text/csv"), ("ndjson", "application/x-ndjson"), ("json", "application/json")],
)
async def test_the_job_stores_the_rows_as_a_file_of_the_user(
    concurrent_app: TestApp, form: str, media_type: str
) -> None:
    await concurrent_app.person("first@example.com")  # The number of the file is not that of its owner.
    author = await fill(concurrent_app, 2)
    metrics = Metrics()
    row = await run(concurrent_app, author.user.uid, request(ExportFormat(form)), "succeeded", metrics)
    assert (row["done"], row["message"]) == (0, "Writing rows")
    labels = {"resource": "posts", "outcome": "complete"}
    assert metrics.registry.get_sample_value("exports_total", labels) == 1
    name, found, body = await content(concurrent_app, author, row)
    assert (name, found) == (f"posts.{form}", media_type)
    expected = {
        "csv": b"number,title\n1,Strata 1\n2,Strata 2\n",
        "ndjson": b'{"number":1,"title":"Strata 1"}\n{"number":2,"title":"Strata 2"}\n',
        "json": b'{"data":[{"number":1,"title":"Strata 1"}\n,{"number":2,"title":"Strata 2"}\n]}\n',
    }
    assert body == expected[form]


async def test_users_are_exported_for_administrators(concurrent_app: TestApp) -> None:
    admin = await concurrent_app.person("admin@example.com", Role.ADMIN, Role.AUTHOR)
    wanted = request(ExportFormat.CSV, ExportedResource.USERS)
    row = await run(concurrent_app, admin.user.uid, wanted, "succeeded")
    assert (await content(concurrent_app, admin, row))[2] == b"email,roles\nadmin@example.com,admin author\n"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE users SET roles = ARRAY['author'] WHERE id = $1", "insufficient_permissions"),
        ("UPDATE users SET is_active = false WHERE id = $1", "owner_missing"),
    ],
)
async def test_a_job_has_the_permissions_that_its_user_has_when_it_runs(
    concurrent_app: TestApp, change: str, code: str
) -> None:
    admin = await concurrent_app.person("admin@example.com", Role.ADMIN)
    await execute(concurrent_app, change, admin.user.id)
    row = await run(concurrent_app, admin.user.uid, request(ExportFormat.CSV, ExportedResource.USERS), "failed")
    assert orjson.loads(str(row["problem"]))["code"] == code
    assert row["attempt"] == 1


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        pytest.param("UPDATE jobs SET cancel_requested_at = now()", "cancelled", id="cancelled"),
        pytest.param(
            "UPDATE jobs SET run = NULL, status = 'failed', finished_at = now()", "failed", id="ended by another worker"
        ),
    ],
)
async def test_a_job_that_does_not_succeed_leaves_no_file(concurrent_app: TestApp, ends: str, status: str) -> None:
    author = await fill(concurrent_app, 2)
    resources = worker_resources(concurrent_app)

    async def files() -> int:
        async with owner_of(concurrent_app.runtime.database) as connection:
            return int(await connection.fetchval("SELECT count(*) FROM files"))

    async def has_begun() -> bool:
        return await files() == 1

    async def has_none() -> bool:
        return await files() == 0

    async def stored() -> set[str]:
        return {found.key async for found in concurrent_app.store.objects("objects")}

    before = await stored()
    async with owner_of(concurrent_app.runtime.database) as owner:
        transaction = owner.transaction()
        await transaction.start()
        # The export waits for this lock: its file has no content yet.
        await owner.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
        async with working(concurrent_app, jobs(resources)[EXPORT], EXPORT):
            async with concurrent_app.runtime.database.write() as session:
                params = {"owner": str(author.user.uid), **request(ExportFormat.CSV).params()}
                await JobQueue(session).enqueue(EXPORT, params)
            await eventually(has_begun)
            await execute(concurrent_app, ends)
            if status == "failed":
                await transaction.rollback()
            await eventually(ended(concurrent_app, status))
            await eventually(has_none)
        if status == "cancelled":
            await transaction.rollback()
    assert await stored() == before
