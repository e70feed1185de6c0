"""Errors of the feature."""

from app.errors import Conflict, Forbidden, NotFound


class JobNotFound(NotFound):
    """The job does not exist, or is not the caller's."""

    code = "job_not_found"
    detail = "Job not found"


class JobFinished(Conflict):
    code = "job_finished"
    detail = "The job has already succeeded or failed."


class TooManyJobs(Conflict):
    code = "too_many_jobs"
    detail = "The plan allows no more jobs that have not ended. Wait for one to end, or cancel one."


class JobNotRetryable(Conflict):
    code = "job_not_retryable"
    detail = "Only a job that failed or was cancelled runs again, and none whose successor waits or runs already."


class RecipientNotAllowed(Forbidden):
    """``permission`` is the one with which the caller might do it."""

    code = "recipient_not_allowed"
    detail = "Mail can be sent to your own verified address only."

    def __init__(self, permission: str) -> None:
        super().__init__(context={"scope": permission})
