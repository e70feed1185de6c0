"""Background tasks in v1."""

from typing import Annotated, Final

from fastapi import Path, Query

from app.http.deps.jobs import JobReaderDep, JobServiceDep
from app.reports.commands import ReportRequest
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import IMPORT_POSTS, READ_JOBS, REPORT_POSTS, WRITE_JOBS
from versions.kit.operations import SIGNED_IN
from versions.kit.values import Day
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
    **operations.declare("tasks.send_email", security=SIGNED_IN, needs=WRITE_JOBS, fails=[409], links={200: _TASK}),
)
async def send_email(body: schemas.EmailTask, service: JobServiceDep) -> schemas.AcceptedTask:
    """Send a mail to your own verified address. Another recipient needs `mail:send`."""
    return mapping.accepted(await service.create(mapping.email(body)))


@tasks.post(
    "/process-csv",
    **operations.declare(
        "tasks.process_csv", security=SIGNED_IN, needs=IMPORT_POSTS, fails=[404, 409], links={200: _TASK}
    ),
)
async def process_csv(body: schemas.CsvTask, service: JobServiceDep) -> schemas.AcceptedTask:
    """Create a post for each row of a file of yours. Needs `posts:write`.

    The columns are `title`, and optionally `content` and `status` (`draft` or `published`). Wrong rows are left out.
    """
    return mapping.accepted(await service.create(mapping.csv_import(body)))


@tasks.post(
    "/generate-report",
    **operations.declare(
        "tasks.generate_report", security=SIGNED_IN, needs=REPORT_POSTS, fails=[409], links={200: _TASK}
    ),
)
async def generate_report(
    start_date: Annotated[Day, Query(description="The first day, in UTC.", examples=["2026-11-01"])],
    end_date: Annotated[Day, Query(description="The last day, at most 366 days in all.", examples=["2026-11-30"])],
    service: JobServiceDep,
) -> schemas.AcceptedTask:
    """Write a PDF about your posts of a period. Needs `posts:read`."""
    return mapping.accepted(await service.create(ReportRequest(start_date, end_date)))


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
