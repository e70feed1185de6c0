"""Use cases that read jobs."""

from uuid import UUID

from app.access.principal import Principal
from app.jobs.commands import JobFilter
from app.jobs.policy import ensure_may_read, own
from app.jobs.queries import JobQueries
from app.jobs.views import JobView, RowProblemView
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession


class JobReader:
    """Reads the jobs that the caller requested. Raises ``Unauthenticated``, ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = JobQueries(reads)
        self._principal = principal

    async def get(self, uid: UUID) -> JobView:
        """One job. Raises ``JobNotFound``."""
        ensure_may_read(self._principal)
        return own(self._principal, await self._queries.job(uid))

    async def page(self, wanted: JobFilter, after: Position | None, limit: int) -> Slice[JobView]:
        """The caller's jobs, newest first."""
        ensure_may_read(self._principal)
        return await self._queries.page(self._principal.signed_in().user_id, wanted, after, limit)

    async def problems(self, uid: UUID, after: Position | None, limit: int) -> Slice[RowProblemView]:
        """The rows that a job left out, in the order of its input. Raises ``JobNotFound``."""
        job = await self.get(uid)
        return await self._queries.problems(job.id, after, limit)
