"""The jobs of the feature. Parameters are identifiers."""

from collections.abc import Mapping

from app.kit.queue.kinds import JobHandler, JobKind, from_params
from app.kit.queue.schedules import WorkerResources
from app.migration_guides.job_names import SEND_GUIDE
from app.migration_guides.mails import GuideMails
from app.settings.http import HttpSettings


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of one process."""
    base_url = resources.settings[HttpSettings].base_url
    mails = GuideMails(resources.database.reads, resources.mailer, base_url)
    return {SEND_GUIDE: from_params(mails.send)}
