"""PgQueuer with statements of ours: a worker does not remove the row of a job that another one has taken over."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.types import JOB_STATUS
from pgqueuer.ports.driver import Driver

Ended = tuple[Job, JOB_STATUS, TracebackRecord | None]


@dataclass
class QueueRows(Queries):
    """The statements of PgQueuer for one worker.

    PgQueuer removes a row by its id, whoever has it. A worker that was frozen would so remove the row of a job that
    another one runs meanwhile; if that one then dies, no heartbeat shows it and no worker takes the job over.
    """

    kept: set[int] = field(default_factory=set)

    def keep(self, job_id: int) -> None:
        """Leave this row to the worker that has taken the job over."""
        self.kept.add(job_id)

    async def log_jobs(self, job_status: Sequence[Ended]) -> None:
        """Remove the rows of attempts that ended, as PgQueuer does, without those to keep."""
        own = [ended for ended in job_status if ended[0].id not in self.kept]
        if own:
            await super().log_jobs(own)
        # PgQueuer repeats a failed call with the same attempts.
        self.kept.difference_update(job.id for job, _, _ in job_status)


def new_queue(driver: Driver) -> PgQueuer:
    """A PgQueuer on this connection."""
    return PgQueuer(connection=driver, queries=QueueRows(driver))


def rows_of(queue: PgQueuer) -> QueueRows:
    """The statements of a queue that ``new_queue`` returned."""
    if not isinstance(queue.queries, QueueRows):
        raise TypeError(queue.queries)
    return queue.queries
