"""The jobs of the feature."""

from collections.abc import Mapping

from app.kit.queue.kinds import JobHandler, JobKind
from app.kit.queue.schedules import WorkerResources
from app.posts.csv_import import CsvImport
from app.posts.job_names import CSV_IMPORT


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs."""
    return {CSV_IMPORT: CsvImport(resources.database, resources.store)}
