"""Passes the states of jobs to their streams in one process: each watched job is read once, however many watch it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID

from app.jobs.queries import JobQueries
from app.jobs.views import JobView
from app.kit.background import repeat, tasks_running
from app.kit.db.sessions import ReadSession

_SECONDS: Final = 0.5
Watcher = Callable[[JobView | None], None]
"""Receives the state of a job, or None if the job was deleted. Never blocks."""


class JobFeed:
    """Reads the watched jobs twice a second: workers write progress too often for a notification of each write."""

    def __init__(self, reads: ReadSession) -> None:
        self._queries = JobQueries(reads)
        self._watchers: dict[UUID, list[Watcher]] = {}

    @contextmanager
    def watched(self, uid: UUID, watcher: Watcher) -> Iterator[None]:
        """Pass the states of a job to the watcher during the block."""
        watchers = self._watchers.setdefault(uid, [])
        watchers.append(watcher)
        try:
            yield
        finally:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[uid]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the watched jobs during the block."""
        async with tasks_running(repeat("jobs_not_streamed", self.look, _SECONDS)):
            yield

    async def look(self) -> None:
        """Read the watched jobs once. Raises ``Unavailable``."""
        uids = list(self._watchers)
        # Concurrent reads by key share one statement.
        views = await asyncio.gather(*map(self._queries.job, uids))
        for uid, view in zip(uids, views, strict=True):
            for watcher in tuple(self._watchers.get(uid, ())):
                watcher(view)
