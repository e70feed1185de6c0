"""The jobs of the feature."""

from collections.abc import Mapping

from app.files.job_names import DELETE_OBJECT
from app.kit.queue.kinds import JobHandler, JobKind, Params, from_params
from app.kit.queue.schedules import WorkerResources


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs."""

    async def delete_object(params: Params) -> None:
        await resources.store.delete(params["key"])

    return {DELETE_OBJECT: from_params(delete_object)}
