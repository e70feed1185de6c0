"""Background tasks in v1."""

from typing import Annotated, Final

from fastapi import Path

from app.http.deps.jobs import JobReaderDep, JobServiceDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import READ_JOBS, WRITE_JOBS
from versions.kit.operations import SIGNED_IN
from versions.v1.errors import operations
from versions.v1.routing import router
from versions.v1.tasks import mapping, schemas

TaskIdPath = Annotated[
    schemas.TaskId,
    Path(description="The id of the task.", examples=["019727d5-b010-7ee2-ab83-4ba593d999ea"]),
]
_TASK: Final[Links] = link_to("tasks.status", "tasks.revoke", task_id="$response.body#/task_id")

tasks = router("/tasks", "tasks")
RESOURCE: Final = Resource(
    tags=({"name": "tasks", "description": "Work that continues after the response."},), routers=(tasks,)
)


@tasks.post(
    "/send-email",
    **operations.declare("tasks.send_email", security=SIGNED_IN, needs=WRITE_JOBS, links={200: _TASK}),
)
async def send_email(body: schemas.EmailTask, service: JobServiceDep) -> schemas.AcceptedTask:
    """Send a mail to your own verified address. Another recipient needs `mail:send`."""
    return mapping.accepted(await service.send_email(mapping.email(body)))


@tasks.get(
    "/task-status/{task_id}",
    **operations.declare("tasks.status", security=SIGNED_IN, needs=READ_JOBS, fails=[404]),
)
async def task_status(task_id: TaskIdPath, reader: JobReaderDep) -> schemas.TaskInfo:
    """Get the state of a task that you requested."""
    return mapping.status(await reader.get(mapping.known(task_id)))


@tasks.delete(
    "/task/{task_id}",
    **operations.declare("tasks.revoke", security=SIGNED_IN, needs=WRITE_JOBS, fails=[404, 409]),
)
async def revoke_task(task_id: TaskIdPath, service: JobServiceDep) -> schemas.TaskMessage:
    """Revoke a task that you requested. One that runs stops within a second."""
    await service.cancel(mapping.known(task_id))
    return mapping.revoked()
