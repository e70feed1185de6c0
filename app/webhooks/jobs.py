"""The jobs of the feature."""

from collections.abc import Mapping

from app.kit.queue.kinds import JobHandler, JobKind, from_params
from app.kit.queue.schedules import WorkerResources
from app.settings.http import HttpSettings
from app.webhooks.job_names import SEND_NOTICE
from app.webhooks.mails import WebhookMails


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs."""
    base_url = resources.settings[HttpSettings].base_url
    mails = WebhookMails(resources.database.reads, resources.mailer, base_url)
    return {SEND_NOTICE: from_params(mails.send_notice)}
