"""Who requests and cancels jobs, what is recorded about it, and what operators see and do."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from app.access.permissions import Permission
from app.access.principal import Principal
from app.errors import InsufficientPermissions, Unauthenticated
from app.events.recorder import EventRecorder
from app.exports.commands import Column, ExportedResource, ExportForm, ExportFormat, ExportRequest
from app.files.errors import FileNotFound
from app.impact.commands import IdPrefixes, ImpactJob, ImpactRequest
from app.impact.policy import ImpactPermission
from app.jobs.commands import EmailDraft, JobFilter, NewJob, PostImport
from app.jobs.errors import JobFinished, JobNotFound, JobNotRetryable
from app.jobs.operator import JobOperator
from app.jobs.policy import JobPermission
from app.jobs.queries import JobQueries
from app.jobs.reader import JobReader
from app.jobs.service import JobService
from app.jobs.views import JobStatus, JobView, ResultFile
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import AuditEvent, Event
from app.posts.policy import PostPermission
from app.reports.commands import ReportRequest
from app.users.policy import UserPermission
from tests.support.app import TestApp
from tests.support.limits import FREE
from tests.support.transactions import overlap
from tests.support.users import principal_of

DRAFT = EmailDraft("Done", "It is done.")
COLUMNS, FORM = (Column("id", "id"),), ExportForm(ExportFormat.CSV)


async def person(app: TestApp, name: str = "ada") -> Principal:
    return await principal_of(app, await app.person(f"{name}@example.com"))


def with_permissions(principal: Principal, *permissions: Permission) -> Principal:
    granted = frozenset(map(str, permissions))
    return Principal(principal.user_id, principal.user_uid, principal.roles, granted)


def service(session: WriteSession, principal: Principal) -> JobService:
    return JobService(session, principal, FREE.caps, EventRecorder(session, principal.user_uid), "r-1")


async def request(app: TestApp, principal: Principal) -> UUID:
    async with app.runtime.database.write() as session:
        return (await service(session, principal).create(DRAFT)).uid


async def cancel(app: TestApp, principal: Principal, uid: UUID) -> str:
    async with app.runtime.database.write() as session:
        return (await service(session, principal).cancel(uid)).status


async def recorded(app: TestApp, uid: UUID) -> list[tuple[str, Any, UUID | None]]:
    async with app.runtime.database.write() as session:
        found = select(Event.type, Event.payload, Event.owner_uid).where(Event.subject_uid == uid).order_by(Event.id)
        return [(row[0], row[1], row[2]) for row in await session.execute(found)]


async def change(app: TestApp, assignment: str) -> None:
    async with app.runtime.database.write() as session:
        await session.execute(text(f"UPDATE jobs SET {assignment}"))  # noqa: S608 - constants


async def test_a_request_and_the_first_cancellation_are_events(test_app: TestApp) -> None:
    ada = await person(test_app)
    uid = await request(test_app, ada)
    await change(test_app, "status = 'running', run = gen_random_uuid()")
    assert [await cancel(test_app, ada, uid) for _ in range(2)] == ["running", "running"]
    kind = {"kind": "email"}
    assert await recorded(test_app, uid) == [
        ("job.created", kind, ada.user_uid),
        ("job.cancel_requested", kind, ada.user_uid),
    ]


async def test_a_user_who_is_deleted_meanwhile_requests_nothing(concurrent_app: TestApp) -> None:
    """The row of the user is locked: the job would otherwise refer to nobody."""
    ada = await person(concurrent_app)

    async def delete(session: WriteSession) -> None:
        await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": ada.user_id})

    async def send(session: WriteSession) -> Any:
        return await service(session, ada).create(DRAFT)

    _, outcome = await overlap(concurrent_app, delete, send)
    assert isinstance(outcome, Unauthenticated)


async def test_a_user_cancels_and_reads_only_own_jobs(test_app: TestApp) -> None:
    ada, bob = await person(test_app), await person(test_app, "bob")
    uid = await request(test_app, ada)
    reader = JobReader(test_app.runtime.database.reads, bob)
    with pytest.raises(JobNotFound):
        await cancel(test_app, bob, uid)
    with pytest.raises(JobNotFound):
        await reader.get(uid)
    assert (await reader.page(JobFilter(), None, 10)).items == []
    assert (await JobReader(test_app.runtime.database.reads, ada).get(uid)).status == "queued"


async def test_each_permission_is_for_what_it_says(test_app: TestApp) -> None:
    """Every write shows a job."""
    ada = await person(test_app)
    uid, reads = await request(test_app, ada), test_app.runtime.database.reads
    may_read, may_write = (with_permissions(ada, each) for each in (JobPermission.READ, JobPermission.WRITE))
    assert (await JobReader(reads, may_read).get(uid)).uid == uid
    assert len((await JobReader(reads, may_read).page(JobFilter(), None, 10)).items) == 1
    with pytest.raises(InsufficientPermissions):
        await JobReader(reads, may_write).get(uid)
    with pytest.raises(InsufficientPermissions):
        await JobReader(reads, may_write).page(JobFilter(), None, 10)
    for principal in (may_read, may_write):
        with pytest.raises(InsufficientPermissions):
            await cancel(test_app, principal, uid)
        with pytest.raises(InsufficientPermissions):
            await request(test_app, principal)


async def test_operators_act_once_and_are_told_why_not(test_app: TestApp) -> None:
    uid = await request(test_app, await person(test_app))
    await change(test_app, "status = 'running', run = gen_random_uuid()")
    async with test_app.runtime.database.write() as session:
        operator = JobOperator(session)
        for act in (operator.retry, operator.cancel):
            with pytest.raises(JobNotFound):
                await act(uuid4())
        assert [await operator.cancel(uid) for _ in range(2)] == [False, False]
        with pytest.raises(JobNotRetryable):
            await operator.retry(uid)
    await change(test_app, "status = 'failed', run = NULL, finished_at = now()")
    async with test_app.runtime.database.write() as session:
        with pytest.raises(JobFinished):
            await JobOperator(session).cancel(uid)
        await JobOperator(session).retry(uid)
    async with test_app.runtime.database.write() as session:
        found = select(AuditEvent.action).where(AuditEvent.target == f"job:{uid}").order_by(AuditEvent.at)
        assert list(await session.scalars(found)) == ["job.cancelled", "job.retried"]


async def test_a_waiting_job_is_cancelled_at_once_and_each_change_is_a_new_revision(test_app: TestApp) -> None:
    """A cached job would otherwise never change."""
    ada = await person(test_app)
    uid, reader = await request(test_app, ada), JobReader(test_app.runtime.database.reads, ada)
    before = await reader.get(uid)
    async with test_app.runtime.database.write() as session:
        assert await JobOperator(session).cancel(uid)
    cancelled = await reader.get(uid)
    assert (cancelled.status, cancelled.finished_at) == ("cancelled", cancelled.cancel_requested_at)
    assert cancelled.finished
    assert cancelled.revision == before.revision + 1
    assert await cancel(test_app, ada, uid) == "cancelled"
    assert await reader.get(uid) == cancelled, "a second cancellation changes nothing"


@pytest.mark.parametrize("who", ["owner", "operator"])
async def test_a_job_that_ends_meanwhile_is_not_cancelled(concurrent_app: TestApp, who: str) -> None:
    ada = await person(concurrent_app)
    uid = await request(concurrent_app, ada)

    async def end(session: WriteSession) -> None:
        await session.execute(text("UPDATE jobs SET status = 'succeeded', finished_at = now()"))

    async def cancel_late(session: WriteSession) -> Any:
        return await (JobOperator(session) if who == "operator" else service(session, ada)).cancel(uid)

    _, outcome = await overlap(concurrent_app, end, cancel_late)
    assert isinstance(outcome, JobFinished)


async def test_operators_see_open_jobs_oldest_first_and_recent_ones_newest_first(test_app: TestApp) -> None:
    ada, bob = await person(test_app), await person(test_app, "bob")
    uids = [await request(test_app, each) for each in (ada, bob, ada)]
    await cancel(test_app, bob, uids[1])
    queries = JobQueries(test_app.runtime.database.reads)
    assert [job.uid for job in await queries.unfinished(10)] == [uids[0], uids[2]]
    assert [job.uid for job in await queries.unfinished(1)] == [uids[0]]
    assert [job.uid for job in await queries.recent(JobFilter(), 10)] == uids[::-1]
    assert [job.uid for job in await queries.recent(JobFilter(status="cancelled"), 10)] == [uids[1]]
    assert [job.uid for job in await queries.recent(JobFilter(kind="email"), 2)] == uids[:0:-1]
    assert await queries.recent(JobFilter(kind="report"), 10) == []


async def test_a_mail_without_a_recipient_is_for_the_caller(test_app: TestApp) -> None:
    await request(test_app, await person(test_app))
    async with test_app.runtime.database.write() as session:
        (params,) = await session.scalars(text("SELECT params FROM jobs"))
    assert params == {"to": "ada@example.com", "subject": DRAFT.subject, "text": DRAFT.text}


def view(**values: Any) -> JobView:
    """A job of which only some fields matter."""
    others = dict.fromkeys(each.name for each in fields(JobView))
    return JobView(**{**others, **values})


def test_a_view_says_what_a_client_may_conclude() -> None:
    uid, problem = uuid4(), {"code": "job_failed", "detail": "Why."}
    assert view(result={"file": str(uid), "file_number": 3}).file == ResultFile(3, uid)
    assert [view(result=result).file for result in (None, {"rows": 1})] == [None, None]
    statuses: Sequence[JobStatus] = ("queued", "running", "succeeded", "failed", "cancelled")
    assert [view(status=each, total=4).reported_total for each in statuses] == [None, 4, None, None, None]
    assert [view(status=each, problem=problem).failure for each in statuses] == [None, None, None, "Why.", None]
    assert view(status="failed").failure is None
    assert [view(finished_at=each).finished for each in (None, utc_now())] == [False, True]


@pytest.mark.parametrize(
    ("wanted", "permission"),
    [
        (PostImport(1), PostPermission.WRITE),
        (ReportRequest(date(2026, 1, 1), date(2026, 1, 2)), PostPermission.READ),
    ],
)
async def test_a_request_needs_what_its_job_will_use(
    test_app: TestApp, wanted: Any, permission: PostPermission
) -> None:
    """A key would otherwise do with a job what its scopes do not allow."""
    ada = await person(test_app)
    may_request = (JobPermission.READ, JobPermission.WRITE)
    other = next(each for each in PostPermission if each != permission)
    async with test_app.runtime.database.write() as session:
        for granted in (may_request, (*may_request, other)):
            with pytest.raises(InsufficientPermissions):
                await service(session, with_permissions(ada, *granted)).create(wanted)
        if isinstance(wanted, PostImport):
            with pytest.raises(FileNotFound):
                await service(session, with_permissions(ada, *may_request, permission)).create(wanted)
        else:
            job = await service(session, with_permissions(ada, *may_request, permission)).create(wanted)
            assert job.kind == "report"


@pytest.mark.parametrize(
    ("wanted", "kind", "needed"),
    [
        (ExportRequest(ExportedResource.POSTS, COLUMNS, FORM), "export", [PostPermission.READ]),
        (ExportRequest(ExportedResource.USERS, COLUMNS, FORM), "export", [UserPermission.READ]),
        (
            ImpactJob(ImpactRequest(None, None, IdPrefixes(user="usr", api_key="key")), UUID(int=7)),
            "impact_analysis",
            [ImpactPermission.READ, UserPermission.READ],
        ),
    ],
)
async def test_an_export_and_an_analysis_need_each_permission_of_their_job(
    test_app: TestApp, wanted: NewJob, kind: str, needed: Sequence[Permission]
) -> None:
    ada = await person(test_app)
    other = PostPermission.WRITE
    async with test_app.runtime.database.write() as session:
        for missing in needed:
            granted = [JobPermission.READ, JobPermission.WRITE, other, *(each for each in needed if each != missing)]
            with pytest.raises(InsufficientPermissions):
                await service(session, with_permissions(ada, *granted)).create(wanted)
        job = await service(session, with_permissions(ada, JobPermission.READ, JobPermission.WRITE, *needed)).create(
            wanted
        )
    assert (job.kind, job.owner_id) == (kind, ada.user_id)


async def test_a_request_has_the_parameters_that_the_handlers_of_all_releases_read(test_app: TestApp) -> None:
    """Jobs of one release run in workers of the next one."""
    ada, bob = await person(test_app), await person(test_app, "bob")
    add = (
        "INSERT INTO files (uid, owner_id, name, content_type, object_key, state, size, sha256, ready_at)"
        " VALUES (gen_random_uuid(), :owner, 'a.csv', 'text/csv', CAST(gen_random_uuid() AS text), 'ready', 1, '',"
        " now()) RETURNING uid"
    )
    async with test_app.runtime.database.write() as session:
        own, foreign = [(await session.scalars(text(add), {"owner": each.user_id})).one() for each in (ada, bob)]
        with pytest.raises(FileNotFound):
            await service(session, ada).create(PostImport(foreign))
        await service(session, ada).create(PostImport(own))
        await service(session, ada).create(ReportRequest(date(2026, 1, 1), date(2026, 1, 2), "T"))
        stored = [tuple(row) for row in await session.execute(text("SELECT kind, params FROM jobs ORDER BY id"))]
    owner = {"owner": str(ada.user_uid)}
    assert stored == [
        ("csv_import", {**owner, "file": str(own)}),
        ("report", {**owner, "title": "T", "start": "2026-01-01", "end": "2026-01-02"}),
    ]
