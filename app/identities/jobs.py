"""The jobs of the feature. Payloads contain identifiers and names of the configuration only."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import SecretStr

from app.auth.mailed_tokens import MailedTokens
from app.identities.job_names import SEND_CONFIRMATION, SEND_NOTICE
from app.identities.mails import IdentityMails
from app.kit.db.database import UnitOfWork
from app.kit.mail.mailer import Mailer


def identity_jobs(
    database: UnitOfWork, mailer: Mailer, signing_key: SecretStr, base_url: str
) -> Mapping[str, Callable[[Mapping[str, Any]], Awaitable[None]]]:
    """The handlers of one process by name."""
    mails = IdentityMails(database.reads, mailer, MailedTokens(signing_key), base_url)
    return {SEND_CONFIRMATION: mails.send_confirmation, SEND_NOTICE: mails.send_notice}
