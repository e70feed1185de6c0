"""The jobs of the feature. Parameters are identifiers and names of the configuration."""

from collections.abc import Mapping

from app.auth.mailed_tokens import MailedTokens
from app.identities.job_names import SEND_CONFIRMATION, SEND_NOTICE
from app.identities.mails import IdentityMails
from app.kit.queue.kinds import JobHandler, JobKind, from_params
from app.kit.queue.schedules import WorkerResources
from app.settings.auth import AuthSettings
from app.settings.errors import require_secret
from app.settings.http import HttpSettings


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs. Raises ``SettingsError`` without a signing key."""
    settings = resources.settings
    signing_key = require_secret(settings[AuthSettings].signing_key, "auth", "signing_key")
    base_url = settings[HttpSettings].base_url
    mails = IdentityMails(resources.database.reads, resources.mailer, MailedTokens(signing_key), base_url)
    return {SEND_CONFIRMATION: from_params(mails.send_confirmation), SEND_NOTICE: from_params(mails.send_notice)}
