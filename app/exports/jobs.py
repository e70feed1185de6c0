"""The job of the feature: it stores an export as a file of its user."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from app.access.job_owner import job_owner
from app.access.principal import Principal
from app.errors import Forbidden
from app.exports.commands import MEDIA_TYPES, ExportRequest
from app.exports.job_names import EXPORT
from app.exports.metrics import ExportMetrics
from app.exports.reader import Export, ExportReader
from app.files.storing import FileStorage
from app.kit.db.database import UnitOfWork
from app.kit.queue.kinds import JobHandler, JobKind, JobRejected, JobRun
from app.kit.queue.schedules import WorkerResources

_MESSAGE: Final = "Writing rows"


class ExportJob:
    """Writes what a response would contain, with the permissions that the user has now."""

    def __init__(self, database: UnitOfWork, files: FileStorage, metrics: ExportMetrics) -> None:
        self._database = database
        self._files = files
        self._metrics = metrics

    async def __call__(self, run: JobRun) -> None:
        """Raises ``JobRejected`` if the user was deleted or deactivated, or may not read the rows any more."""
        owner = await job_owner(self._database.reads, UUID(run.params["owner"]))
        export = _export(owner, ExportRequest.of_params(run.params))
        form = export.form.format
        await run.progress(0, message=_MESSAGE)
        async with export.opened(self._database.copies, self._metrics) as chunks:
            content = await self._files.store_chunks(
                owner.signed_in().user_id, f"{export.name}.{form}", MEDIA_TYPES[form], chunks
            )
        result = {"file": str(content.file), "file_number": content.id}
        async with self._files.abandoned_on_error(content.file), run.completing(result) as session:
            await self._files.finish(session, content)


def _export(owner: Principal, request: ExportRequest) -> Export:
    try:
        return ExportReader(owner).requested(request)
    except Forbidden as error:
        raise JobRejected(error.code, error.message) from error


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs."""
    files = FileStorage(resources.database, resources.store)
    return {EXPORT: ExportJob(resources.database, files, resources.metrics.group(ExportMetrics))}
