"""Kinds of jobs, which features declare in ``job_names``, and the interface of their handlers in ``jobs``."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from app.kit.db.sessions import WriteSession

Params = Mapping[str, Any]
Result = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class JobKind:
    """How jobs of a kind run. Times are in seconds."""

    name: str
    timeout: float = 60.0
    """The longest duration of an attempt."""
    priority: int = 0
    """Jobs with a higher priority start first."""
    concurrency: int = 0
    """Jobs that run at once on all workers; 0: no limit."""
    max_attempts: int | None = None
    """None: the setting ``worker.max_attempts``."""


HOUSEKEEPING = JobKind("housekeeping", timeout=600.0, priority=-5)
"""One run of a schedule. Parameter ``schedule``: its name."""


class JobRun(Protocol):
    """One attempt at a job, as its handler sees it.

    Another worker takes a job over when the heartbeat of this one is late. From then on every method of the first
    attempt raises ``RunSuperseded``, before it writes anything.
    """

    @property
    def uid(self) -> UUID: ...

    @property
    def params(self) -> Params: ...

    @property
    def done(self) -> int:
        """The progress that earlier attempts have stored."""

    async def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Store the progress. ``total`` and ``message`` keep their values if they are None."""

    def step(self, done: int) -> AbstractAsyncContextManager[WriteSession]:
        """A transaction that stores this progress at its end, so that an attempt after a crash goes on from there.

        The row of the job is locked at the end only: a cancellation does not wait for the step.
        """

    def completing(self, result: Result = None) -> AbstractAsyncContextManager[WriteSession]:
        """A transaction at whose end the job succeeds, so that no crash doubles the effect.

        It is committed only while this attempt has the job, whose row is locked at the end.
        """


JobHandler = Callable[[JobRun], Awaitable[Result]]


def from_params(handler: Callable[[Params], Awaitable[None]]) -> JobHandler:
    """A handler that needs the parameters only."""

    async def handle(run: JobRun) -> None:
        await handler(run.params)

    return handle


class JobRejected(Exception):
    """Raised by a handler: the job fails without another attempt. ``detail`` is shown to the owner of the job."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class RunSuperseded(Exception):
    """Another attempt has the job, or it has ended."""
