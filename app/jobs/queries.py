"""Reads of jobs."""

from dataclasses import fields
from functools import cache
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select, union_all

from app.jobs.commands import JobFilter
from app.jobs.views import JobStatus, JobView, RowProblemView
from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import KeyedRead, Read
from app.models import Job, JobProblem

_JOBS: Final = select(*(getattr(Job, field.name) for field in fields(JobView)))
_JOB: Final = KeyedRead(_JOBS, Job.uid)
_OWN: Final = _JOBS.where(Job.owner_id == bindparam("owner_id"))
_NEWEST_FIRST: Final = ((Job.id, True),)
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "status": Job.status == bindparam("status", type_=Job.status.type),
    "kind": Job.kind == bindparam("kind", type_=Job.kind.type),
}


@cache
def _page(names: frozenset[str], *, after: bool) -> Read:
    """The statement of a page with these filters."""
    statement = _OWN.where(*(_CONDITIONS[name] for name in sorted(names)))
    if names == {"kind"}:
        return Read(_of_each_status(statement, after=after))
    return Read(apply_keyset(statement, _NEWEST_FIRST, after=after))


def _of_each_status(statement: Select[Any], *, after: bool) -> Select[Any]:
    """The index of kinds has the status before the id, which saves a third index: a page merges all statuses."""
    parts = (
        select(apply_keyset(statement.where(Job.status == status), _NEWEST_FIRST, after=after).subquery())
        for status in get_args(JobStatus)
    )
    merged = union_all(*parts).subquery()
    return select(merged).order_by(merged.c.id.desc()).limit(bindparam("limit"))


@cache
def _problems(*, after: bool) -> Read:
    """The statement of a page of the problems of a job."""
    columns = (getattr(JobProblem, field.name) for field in fields(RowProblemView))
    statement = select(*columns).where(JobProblem.job_id == bindparam("job_id"))
    return Read(apply_keyset(statement, ((JobProblem.id, False),), after=after))


@cache
def _recent(names: frozenset[str]) -> Read:
    """The statement of the newest jobs of all owners with these filters."""
    statement = _JOBS.where(*(_CONDITIONS[name] for name in sorted(names)))
    return Read(statement.order_by(Job.id.desc()).limit(bindparam("limit")))


_UNFINISHED: Final = Read(_JOBS.where(Job.finished_at.is_(None)).order_by(Job.id).limit(bindparam("limit")))


class JobQueries:
    """Reads jobs of any owner; readers apply the policy."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def job(self, uid: UUID) -> JobView | None:
        row = await self._reads.by_key(_JOB, uid)
        return None if row is None else JobView.from_row(row)

    async def page(self, owner_id: int, wanted: JobFilter, after: Position | None, limit: int) -> Slice[JobView]:
        """Jobs of a user, newest first."""
        values = wanted.given()
        read = _page(frozenset(values), after=after is not None)
        rows = await self._reads.all(read, owner_id=owner_id, limit=limit + 1, **values, **bind_params(after))
        return page_from_rows([JobView.from_row(row) for row in rows], limit, lambda job: (job.id,))

    async def problems(self, job_id: int, after: Position | None, limit: int) -> Slice[RowProblemView]:
        """Problems of a job in the order of its input."""
        read = _problems(after=after is not None)
        rows = await self._reads.all(read, job_id=job_id, limit=limit + 1, **bind_params(after))
        return page_from_rows([RowProblemView.from_row(row) for row in rows], limit, lambda problem: (problem.id,))

    async def recent(self, wanted: JobFilter, limit: int) -> list[JobView]:
        """Jobs of all owners, newest first."""
        values = wanted.given()
        rows = await self._reads.all(_recent(frozenset(values)), limit=limit, **values)
        return [JobView.from_row(row) for row in rows]

    async def unfinished(self, limit: int) -> list[JobView]:
        """Jobs of all owners that have not ended, oldest first."""
        return [JobView.from_row(row) for row in await self._reads.all(_UNFINISHED, limit=limit)]
