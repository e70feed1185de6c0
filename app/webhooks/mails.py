"""The mails of the feature: owners learn that an endpoint fails, and that it was disabled."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.mail.mailer import Mailer
from app.kit.mail.templating import MailTemplates
from app.kit.queue.job_queue import JobQueue
from app.models import Delivery, WebhookEndpoint
from app.webhooks.job_names import SEND_NOTICE
from app.webhooks.queries import WebhookQueries
from app.webhooks.views import Outcome


class Notice(StrEnum):
    """What a mail is about; its templates have the same name."""

    FAILING = "failing"
    DISABLED = "disabled"


async def request_notice(
    session: WriteSession, notice: Notice, endpoint: WebhookEndpoint, delivery: Delivery, outcome: Outcome
) -> None:
    """Enqueue a mail in the transaction that records the attempt, so there is one for each occasion."""
    payload = {
        "endpoint": str(endpoint.uid),
        "notice": notice.value,
        "failure": outcome.error or f"status {outcome.status}",
        "id": f"{delivery.uid}.{delivery.attempt}",
    }
    await JobQueue(session).enqueue(SEND_NOTICE, payload)


class WebhookMails:
    """Sends the mails that jobs request."""

    def __init__(self, reads: ReadSession, mailer: Mailer, base_url: str) -> None:
        self._queries = WebhookQueries(reads)
        self._mailer = mailer
        self._base_url = base_url
        self._templates = MailTemplates(__package__)

    async def send_notice(self, payload: Mapping[str, Any]) -> None:
        """Notify the owner, unless the endpoint or the owner was deleted in the meantime."""
        notice = Notice(payload["notice"])
        owned = await self._queries.owned(UUID(payload["endpoint"]))
        if owned is None:
            return
        mail = self._templates.mail(
            notice,
            owned.email,
            f"webhook.{notice}.{payload['id']}",
            url=owned.url,
            failure=payload["failure"],
            base_url=self._base_url,
        )
        await self._mailer.send(mail)
