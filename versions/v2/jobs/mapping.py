"""Maps jobs between v2 schemas and the core."""

from app.jobs.commands import EmailDraft, JobFilter
from app.jobs.views import JobStatus, JobView
from versions.kit.typeid import encode
from versions.v2.ids import JOB
from versions.v2.jobs import schemas


def wanted(status: JobStatus | None, kind: str | None) -> JobFilter:
    """Returns the filter of these parameters."""
    return JobFilter(status=status, kind=kind)


def email(body: schemas.JobCreate) -> EmailDraft:
    """Returns the mail to send."""
    return EmailDraft(body.params.subject, body.params.text, body.params.to)


def job(view: JobView) -> schemas.Job:
    """Returns the v2 representation of a job."""
    return schemas.Job.model_construct(
        id=encode(JOB, view.uid),
        type=view.kind,
        status=view.status,
        attempt=view.attempt,
        progress=_progress(view),
        message=view.message,
        result=None if view.result is None else dict(view.result),
        problem=None if view.problem is None else schemas.JobProblem.model_construct(**view.problem),
        created_at=view.created_at,
        started_at=view.started_at,
        finished_at=view.finished_at,
        cancel_requested_at=view.cancel_requested_at,
    )


def _progress(view: JobView) -> schemas.Progress:
    percent = None if view.total is None else 100 * view.done // max(view.total, 1)
    return schemas.Progress.model_construct(done=view.done, total=view.total, percent=percent)
