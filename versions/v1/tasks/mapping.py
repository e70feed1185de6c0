"""Maps background tasks between v1 schemas and the core."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from app.jobs.commands import EmailDraft, PostImport
from app.jobs.views import JobView
from versions.v1.tasks import schemas

_STATES: Final[Mapping[str, schemas.TaskState]] = {
    "queued": "PENDING",
    "running": "STARTED",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "cancelled": "REVOKED",
}


def known(identifier: object) -> UUID:
    """Narrows an id of a path to ``UUID``: it is annotated as text, and its validator has parsed it."""
    if not isinstance(identifier, UUID):
        raise TypeError
    return identifier


def email(body: schemas.EmailTask) -> EmailDraft:
    """Returns the mail to send."""
    return EmailDraft(body.subject, body.body, body.to)


def csv_import(body: schemas.CsvTask) -> PostImport:
    """Returns the file to import."""
    return PostImport(body.file_id)


def accepted(view: JobView) -> schemas.AcceptedTask:
    """Returns the v1 representation of a job that was accepted."""
    return schemas.AcceptedTask.model_construct(task_id=str(view.uid), status=_state(view))


def status(view: JobView) -> schemas.TaskInfo:
    """Returns the v1 representation of a job."""
    return schemas.TaskInfo.model_construct(
        task_id=str(view.uid),
        status=_state(view),
        result=_result(view) if view.reported_total is None else {"current": view.done, "total": view.total},
        error=view.failure,
    )


def revoked() -> schemas.TaskMessage:
    """Returns the response to a cancellation."""
    return schemas.TaskMessage.model_construct(message="Task revoked")


def _state(view: JobView) -> schemas.TaskState:
    return _STATES[view.status] if view.reported_total is None else "PROGRESS"


def _result(view: JobView) -> dict[str, Any] | None:
    if view.file is not None:
        return {"file_id": view.file.id}
    return None if view.result is None else dict(view.result)
