"""Background tasks that log the error of a failed run and continue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from app.errors import DomainError
from app.kit.db.errors import domain_error
from observability.concurrency.backoff import Backoff

_LOG: Final = structlog.get_logger()

Work = Callable[[], Awaitable[None]]
_LAST_RUN_SECONDS: Final = 5.0


@asynccontextmanager
async def tasks_running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines as tasks during the block. Its end cancels them and waits for them; their errors are dropped."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def repeat(event: str, work: Work, seconds: float) -> None:
    """Run ``work`` every ``seconds``, until cancelled; ``event`` is the log event of a failed run."""
    while True:
        await asyncio.sleep(seconds)
        await run_logged(event, work)


async def repeat_from_now(event: str, work: Work, seconds: float) -> None:
    """As ``repeat``; the first run is at once."""
    await run_logged(event, work)
    await repeat(event, work, seconds)


@asynccontextmanager
async def repeating(event: str, work: Work, seconds: float) -> AsyncIterator[None]:
    """Run ``work`` every ``seconds`` during the block, and once more after it, for at most 5 seconds."""
    try:
        async with tasks_running(repeat(event, work, seconds)):
            yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_RUN_SECONDS):
                await run_logged(event, work)


async def run_logged(event: str, work: Work) -> None:
    """Run ``work`` once, and log its error: an outage as a warning, a defect with its traceback."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - the task must not end; the error is logged
        raise_if_cancelled(error)
        known = error if isinstance(error, DomainError) else domain_error(error)
        if known is None:
            _LOG.error(event, exc_info=error)
        else:
            _LOG.warning(event, error=known.code)


def raise_if_cancelled(error: Exception) -> None:
    """Raise ``CancelledError`` if the current task is cancelled: a library may report that as an error of its own.

    SQLAlchemy does, for a connection that is being opened. A loop that went on after such an error would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


Step = Callable[[], Awaitable[bool]]
_STEP_BACKOFF: Final = Backoff(first=0.1, longest=5.0)


@asynccontextmanager
async def stepping(event: str, step: Step, nudged: asyncio.Event, seconds: float) -> AsyncIterator[None]:
    """Run ``step`` during the block: again at once while it returns True, else when nudged or after ``seconds``.

    A failed step is logged as ``event`` and repeated with growing delays, also after errors that the step does not
    expect. The end of the block cancels a running step.
    """
    async with tasks_running(_repeat_step(event, step, nudged, seconds)):
        yield


async def _repeat_step(event: str, step: Step, nudged: asyncio.Event, seconds: float) -> None:
    failures = 0
    while True:
        nudged.clear()
        more = done = False

        async def run() -> None:
            nonlocal more, done
            more, done = await step(), True

        await run_logged(event, run)
        failures = 0 if done else failures + 1
        if not done:
            await asyncio.sleep(_STEP_BACKOFF.delay(failures - 1))
        elif not more:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await nudged.wait()
