"""The handlers of the jobs that users request."""

from collections.abc import Mapping

from app.jobs.job_names import EMAIL
from app.jobs.mails import UserMails
from app.kit.queue.kinds import JobHandler, JobKind
from app.kit.queue.schedules import WorkerResources


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of one process."""
    return {EMAIL: UserMails(resources.mailer).send}
