"""Maps jobs between v2 schemas and the core."""

from typing import Any

from app.exports.commands import ExportForm, ExportRequest
from app.jobs.commands import EmailDraft, JobFilter, NewJob, PostImport
from app.jobs.views import JobStatus, JobView, RowProblemView
from app.reports.commands import ReportRequest
from versions.kit.typeid import encode
from versions.v2.exports.mapping import COLUMNS
from versions.v2.ids import FILE, JOB, known
from versions.v2.jobs import schemas


def wanted(status: JobStatus | None, kind: str | None) -> JobFilter:
    """Returns the filter of these parameters."""
    return JobFilter(status=status, kind=kind)


def new_job(body: schemas.JobCreate) -> NewJob:
    """Returns the job to run."""
    match body:
        case schemas.EmailJob(params=mail):
            return EmailDraft(mail.subject, mail.text, mail.to)
        case schemas.CsvImportJob(params=file):
            return PostImport(known(file.file_id))
        case schemas.ReportJob(params=report):
            return ReportRequest(report.start_date, report.end_date, report.title)
        case schemas.ExportJob(params=export):
            return ExportRequest(export.resource, COLUMNS[export.resource], ExportForm(export.format))


def job(view: JobView) -> schemas.Job:
    """Returns the v2 representation of a job."""
    return schemas.Job.model_construct(
        id=encode(JOB, view.uid),
        type=view.kind,
        status=view.status,
        attempt=view.attempt,
        progress=_progress(view),
        message=view.message,
        result=_result(view),
        problem=None if view.problem is None else schemas.JobProblem.model_construct(**view.problem),
        created_at=view.created_at,
        started_at=view.started_at,
        finished_at=view.finished_at,
        cancel_requested_at=view.cancel_requested_at,
    )


def encode_job(view: JobView) -> bytes:
    """Returns the JSON of a job, without line breaks."""
    return job(view).model_dump_json().encode()


def _progress(view: JobView) -> schemas.Progress:
    percent = None if view.total is None else 100 * view.done // max(view.total, 1)
    return schemas.Progress.model_construct(done=view.done, total=view.total, percent=percent)


def _result(view: JobView) -> dict[str, Any] | None:
    if view.file is not None:
        return {"file_id": encode(FILE, view.file.uid)}
    return None if view.result is None else dict(view.result)


def row_problem(view: RowProblemView) -> schemas.RowProblem:
    """Returns the v2 representation of a problem of a row."""
    return schemas.RowProblem.model_construct(line=view.line, pointer=view.pointer, code=view.code, detail=view.detail)
