"""The attempts that run in this process, and what interrupts them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final
from uuid import UUID

from app.kit.background import repeat
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.kit.queue import statements
from app.kit.queue.kinds import Result

_SECONDS: Final = 0.4
"""Between two looks at ``jobs``: a cancelled job stops within a second."""


class Interruption(Enum):
    """Why an attempt is ended from outside."""

    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    TIMED_OUT = "timed_out"
    SHUTDOWN = "shutdown"


class Attempt:
    """The task of an attempt."""

    def __init__(self, uid: UUID, run: UUID, task: "asyncio.Task[Result]") -> None:
        self.uid = uid
        self.run = run
        self.task = task
        self.interruption: Interruption | None = None
        self._interrupted = asyncio.Event()

    async def wait(self, limit: float, unwind: float) -> None:
        """Wait for the end of the task, at most ``limit`` seconds, and ``unwind`` seconds after an interruption."""
        interrupted = asyncio.create_task(self._interrupted.wait())
        try:
            await asyncio.wait({self.task, interrupted}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            self.interrupt(Interruption.TIMED_OUT)
            await asyncio.wait({self.task}, timeout=unwind)
        finally:
            interrupted.cancel()

    def interrupt(self, reason: Interruption) -> None:
        """Cancel the task at its next ``await``. The first reason stays."""
        if self.interruption is None and not self.task.done():
            self.interruption = reason
            self._interrupted.set()
            self.task.cancel()


class RunningJobs:
    """The attempts of this process."""

    def __init__(self, database: UnitOfWork) -> None:
        self._database = database
        self._attempts: dict[UUID, Attempt] = {}

    @contextmanager
    def tracked(self, uid: UUID, run: UUID, task: "asyncio.Task[Result]") -> Iterator[Attempt]:
        """Let the attempt be interrupted during the block."""
        attempt = self._attempts[run] = Attempt(uid, run, task)
        try:
            yield attempt
        finally:
            del self._attempts[run]

    def interrupt_all(self, reason: Interruption) -> None:
        """End every attempt."""
        for attempt in self._attempts.values():
            attempt.interrupt(reason)

    async def watch(self) -> None:
        """End attempts whose job was cancelled, or was taken over by another worker, until this task is cancelled."""
        await repeat("jobs_not_watched", self.look, _SECONDS)

    async def look(self) -> None:
        """Look once at the jobs of all attempts. Raises ``Unavailable``."""
        attempts = dict(self._attempts)
        if not attempts:
            return
        async with self._database.write() as session:
            found = await _interrupted(session, list(attempts.values()))
        for row in found:
            reason = Interruption.CANCELLED if row["cancelled"] else Interruption.SUPERSEDED
            attempts[UUID(str(row["run"]))].interrupt(reason)


async def _interrupted(session: WriteSession, attempts: list[Attempt]) -> list[Any]:
    driver = await session.driver()
    uids, runs = [each.uid for each in attempts], [each.run for each in attempts]
    return list(await driver.fetch(statements.INTERRUPTED, uids, runs))
