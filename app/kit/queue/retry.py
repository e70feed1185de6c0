"""When a failed job is tried again."""

import random
from dataclasses import dataclass
from datetime import timedelta

from pgqueuer.domain.models import Context, Job
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import EntrypointExecutor


class JobFailed(Exception):
    """A job that is given up. It names the kind of the failure only: the text may hold an address, and is logged."""


@dataclass
class RetryingExecutor(EntrypointExecutor):
    """Tries again after a pause that doubles, and holds the job for an operator after the last attempt.

    The library's own retrying executor pauses equally long for all jobs, so that what failed together comes back
    together, and keeps the text of the failure in the queue's log.
    """

    max_attempts: int = 10
    first_delay: float = 2.0
    """Seconds."""
    max_delay: float = 600.0

    async def execute(self, job: Job, context: Context) -> None:
        """Raises ``RetryRequested`` or, after the last attempt, ``JobFailed``."""
        try:
            await super().execute(job, context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job comes back
            kind = type(error).__name__
            if job.attempts + 1 >= self.max_attempts:
                raise JobFailed(kind) from None
            raise RetryRequested(timedelta(seconds=self._delay(job.attempts)), reason=kind) from None

    def _delay(self, attempts: int) -> float:
        # The exponent is bounded: a power that no float can hold is an error.
        delay = min(self.first_delay * 2.0 ** min(attempts, 60), self.max_delay)
        return delay * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
