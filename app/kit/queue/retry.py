"""Retries of failed jobs."""

from dataclasses import dataclass
from datetime import timedelta

from pgqueuer.domain.models import Context, Job
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import EntrypointExecutor

from observability.concurrency.backoff import Backoff


class JobFailed(Exception):
    """The last attempt of a job failed. Names only the class of the error, whose text may contain an address."""


@dataclass
class RetryingExecutor(EntrypointExecutor):
    """Retries with exponential backoff and jitter, and holds the job for an operator after the last attempt.

    PgQueuer's own retrying executor has no jitter, so that jobs that failed together are retried together, and stores
    the text of the error in the log of the queue.
    """

    max_attempts: int = 10
    first_delay: float = 2.0
    """Seconds."""
    max_delay: float = 600.0

    async def execute(self, job: Job, context: Context) -> None:
        """Raises ``RetryRequested`` or, after the last attempt, ``JobFailed``."""
        try:
            await super().execute(job, context)
        except Exception as error:  # noqa: BLE001 - every error is retried
            kind = type(error).__name__
            if job.attempts + 1 >= self.max_attempts:
                raise JobFailed(kind) from None
            delay = Backoff(self.first_delay, self.max_delay).delay(job.attempts)
            raise RetryRequested(timedelta(seconds=delay), reason=kind) from None
