"""An attempt at a job that writes only while it has the job."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.kit.queue import statements
from app.kit.queue.kinds import Params, Result, RunSuperseded


class FencedRun:
    """See ``JobRun``. The fence is ``jobs.run``, which each attempt sets to a new value when it starts."""

    def __init__(self, database: UnitOfWork, uid: UUID, run: UUID, params: Params, attempt: int, done: int) -> None:
        self._database = database
        self.uid = uid
        self.run = run
        self.params = params
        self.attempt = attempt
        self.done = done
        self.completed = False

    async def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """See ``JobRun``. Raises ``RunSuperseded``."""
        async with self._database.write() as session:
            await self._update(session, statements.PROGRESS, done, total, message)
        self.done = done

    @asynccontextmanager
    async def step(self, done: int) -> AsyncIterator[WriteSession]:
        """See ``JobRun``. Raises ``RunSuperseded``."""
        async with self._database.write() as session:
            yield session
            await session.flush()
            await self._update(session, statements.PROGRESS, done, None, None)
        self.done = done

    @asynccontextmanager
    async def completing(self, result: Result = None) -> AsyncIterator[WriteSession]:
        """See ``JobRun``. Raises ``RunSuperseded``."""
        async with self._database.write() as session:
            yield session
            await session.flush()
            await self._update(session, statements.FINISH, "succeeded", utc_now(), _json(result), None)
        self.completed = True

    async def finish(self, status: str, result: Result = None, problem: Mapping[str, str] | None = None) -> None:
        """End the job. Raises ``RunSuperseded``."""
        async with self._database.write() as session:
            await self._update(session, statements.FINISH, status, utc_now(), _json(result), _json(problem))

    async def put_back(self, delay: timedelta, problem: Mapping[str, str] | None = None, *, counts: bool) -> None:
        """Let the job wait for another attempt. Raises ``RunSuperseded``."""
        async with self._database.write() as session:
            await self._update(session, statements.RETRY, utc_now() + delay, _json(problem), 0 if counts else 1)

    async def _update(self, session: WriteSession, statement: str, *values: Any) -> None:
        driver = await session.driver()
        if await driver.fetchval(statement, self.uid, self.run, *values) is None:
            raise RunSuperseded


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
