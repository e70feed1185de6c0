"""The job of the feature: it makes a report and stores it as a file of its user."""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from app.files.storing import FileStorage
from app.kit.db.sessions import ReadSession
from app.kit.queue.kinds import JobHandler, JobKind, JobRejected, JobRun
from app.kit.queue.schedules import WorkerResources
from app.reports.commands import ReportRequest
from app.reports.job_names import REPORT
from app.reports.queries import ReportQueries
from app.reports.reader import ReportReader

_PDF: Final = "application/pdf"


class ReportJob:
    """Runs in two steps, the data and the document."""

    def __init__(self, reads: ReadSession, files: FileStorage) -> None:
        self._queries = ReportQueries(reads)
        self._files = files

    async def __call__(self, run: JobRun) -> None:
        """Raises ``JobRejected`` if the user was deleted or deactivated."""
        author = await self._queries.author(UUID(run.params["owner"]))
        if author is None:
            raise JobRejected("owner_missing", "The user of this job was deleted or deactivated.")
        request = ReportRequest.of_params(run.params)
        await run.progress(0, 2, "Reading posts")
        report = await ReportReader(self._queries).report(request, author["id"], author["display_name"])
        await run.progress(1, message="Writing the document")
        from app.reports.document import pdf  # noqa: PLC0415 - takes 0.06 s, which only a worker with a report pays

        # The library never awaits, so it runs in a thread; the number of rows bounds its duration.
        body = await asyncio.to_thread(pdf, report)
        content = await self._files.store(author["id"], f"{request.start}_{request.end}.pdf", _PDF, body)
        result = {"file": str(content.file), "file_number": content.id}
        async with self._files.abandoned_on_error(content.file), run.completing(result) as session:
            await self._files.finish(session, content)


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs."""
    files = FileStorage(resources.database, resources.store)
    return {REPORT: ReportJob(resources.database.reads, files)}
