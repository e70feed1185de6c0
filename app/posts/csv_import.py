"""The job that creates posts from a file.

A step is one transaction with its posts, their events, its problems and the progress, so that a crash repeats at most
one step and creates no post twice. An attempt after a crash reads the rows of the stored progress again, without
effect: rows can contain line breaks, so there is no offset to seek.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Final
from uuid import UUID

from app.access.job_owner import job_owner
from app.access.principal import Principal
from app.errors import Forbidden
from app.events.recorder import EventRecorder
from app.files.queries import FileQueries
from app.kit.db.database import UnitOfWork
from app.kit.queue.kinds import JobRejected, JobRun
from app.kit.queue.problems import RowProblem, add_problems
from app.kit.storage.store import ObjectStore
from app.posts.commands import PostDraft
from app.posts.csv_rows import InvalidCsv, Row, rows
from app.posts.service import PostService

STEP: Final = 5000
"""Rows of a step."""
_STATEMENT: Final = 1000
"""Posts that are created at once."""
MAX_PROBLEMS: Final = 10_000
"""Problems that are stored; all are counted."""
_MESSAGE: Final = "Importing rows"


class CsvImport:
    """Handles ``CSV_IMPORT``."""

    def __init__(self, database: UnitOfWork, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    async def __call__(self, run: JobRun) -> None:
        """Raises ``JobRejected`` for a file that cannot be read, and if the user may not create posts any more."""
        author = await job_owner(self._database.reads, UUID(run.params["owner"]))
        key = await self._object_key(author, UUID(run.params["file"]))
        try:
            total = await asyncio.to_thread(self._count, key)
            await run.progress(run.done, total, _MESSAGE)
            rejected = await self._import(run, author, key)
        except InvalidCsv as error:
            raise JobRejected(error.code, error.detail) from error
        except Forbidden as error:
            raise JobRejected(error.code, error.message) from error
        async with run.completing({"rows": total, "imported": total - rejected, "rejected": rejected}):
            pass

    async def _object_key(self, author: Principal, file: UUID) -> str:
        found = await FileQueries(self._database.reads).of_owner(author.signed_in().user_id, file)
        if found is None:
            raise JobRejected("file_not_found", "The file of this job was deleted.")
        return found.object_key

    def _count(self, key: str) -> int:
        """The number of rows. A file that cannot be read to its end is rejected before any post is created."""
        return sum(1 for _ in rows(self._store.blocking_stream(key)))

    async def _import(self, run: JobRun, author: Principal, key: str) -> int:
        """Create the posts of all rows that are not done yet, and return the number of rejected rows of the file."""
        reading = rows(self._store.blocking_stream(key))
        rejected = stored = done = 0
        while batch := await asyncio.to_thread(_take, reading, STEP):
            problems = [row for row in batch if isinstance(row, list)]
            kept = [problem for row in problems for problem in row][: MAX_PROBLEMS - stored]
            done, rejected, stored = done + len(batch), rejected + len(problems), stored + len(kept)
            if done > run.done:
                await self._create(run, author, [row for row in batch if not isinstance(row, list)], kept, done)
        return rejected

    async def _create(
        self, run: JobRun, author: Principal, drafts: list[PostDraft], problems: list[RowProblem], done: int
    ) -> None:
        async with run.step(done) as session:
            service = PostService(session, author, EventRecorder(session, author.user_uid))
            for start in range(0, len(drafts), _STATEMENT):
                await service.create_many(drafts[start : start + _STATEMENT])
            await add_problems(session, run.uid, problems)


def _take(reading: Iterator[Row], count: int) -> list[Row]:
    return list(islice(reading, count))
