"""The delays of retries and the content of their errors."""

from datetime import UTC, datetime
from typing import Any

import pytest
from anyio import CancelScope
from pgqueuer.domain.models import Context, Job
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import EntrypointExecutorParameters

from app.kit.queue.retry import JobFailed, RetryingExecutor

ADDRESS = "ada@example.com"


async def refuse(_job: Job) -> None:
    message = f"550 no mailbox for {ADDRESS}"
    raise ConnectionError(message)


def executor(**settings: Any) -> RetryingExecutor:
    parameters = EntrypointExecutorParameters(
        func=refuse, concurrency_limit=0, accepts_context=False, on_failure="hold"
    )
    return RetryingExecutor(parameters, **settings)


async def failure(attempts: int, **settings: Any) -> Exception:
    now = datetime.now(UTC)
    job = Job(
        id=1,
        priority=0,
        created=now,
        updated=now,
        heartbeat=now,
        execute_after=now,
        status="picked",
        entrypoint="mail",
        payload=None,
        queue_manager_id=None,
        headers=None,
        attempts=attempts,
    )
    with pytest.raises((RetryRequested, JobFailed)) as raised:
        await executor(**settings).execute(job, Context(cancellation=CancelScope(), resources={}))
    return raised.value


async def delay(attempts: int, **settings: Any) -> float:
    error = await failure(attempts, max_attempts=10_000, **settings)
    assert isinstance(error, RetryRequested)
    return error.delay.total_seconds()


async def test_the_delay_doubles_up_to_a_limit() -> None:
    for attempts, nominal in ((0, 2), (1, 4), (2, 8), (8, 512), (9, 600), (5000, 600)):
        for _ in range(5):
            assert 0.8 * nominal <= await delay(attempts, first_delay=2.0, max_delay=600.0) <= 1.2 * nominal


async def test_jobs_that_failed_together_are_retried_at_different_times() -> None:
    assert len({await delay(3) for _ in range(20)}) > 10


async def test_a_job_fails_after_the_configured_number_of_attempts() -> None:
    assert isinstance(await failure(8, max_attempts=10), RetryRequested)
    assert isinstance(await failure(9, max_attempts=10), JobFailed)


@pytest.mark.parametrize("attempts", [0, 9])
async def test_an_error_names_its_class_and_no_address(attempts: int) -> None:
    error = await failure(attempts, max_attempts=10)
    assert str(error) == "ConnectionError"
    assert error.__suppress_context__, "a traceback would show the text"
