"""Requests the mails that notify users of changes of their identities."""

from enum import StrEnum
from uuid import UUID

from uuid_utils.compat import uuid7

from app.identities.commands import LinkReason
from app.identities.job_names import SEND_NOTICE
from app.kit.queue.job_queue import JobQueue


class Notice(StrEnum):
    """What a mail is about."""

    LINKED = "linked"
    PROVED_ADDRESS = "proved_address"
    NEW_USER = "new_user"
    UNLINKED = "unlinked"


NOTICES = {
    LinkReason.REQUESTED: Notice.LINKED,
    LinkReason.CONFIRMED: Notice.LINKED,
    LinkReason.PROVED_ADDRESS: Notice.PROVED_ADDRESS,
    LinkReason.NEW_USER: Notice.NEW_USER,
}


async def enqueue_notice(jobs: JobQueue, user: UUID, notice: Notice, provider: str) -> None:
    """Let the worker notify a user, if the transaction is committed."""
    payload = {"user": str(user), "notice": notice.value, "provider": provider, "id": str(uuid7())}
    await jobs.enqueue(SEND_NOTICE, payload)
