"""Mails that notify users of what happened to their account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.auth.queries import AuthQueries
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.kit.mail.mailer import Mailer
from app.kit.mail.templating import MailTemplates


class Notices:
    """Sends the notices that jobs request."""

    def __init__(self, reads: ReadSession, mailer: Mailer, base_url: str) -> None:
        self._queries = AuthQueries(reads)
        self._mailer = mailer
        self._base_url = base_url
        self._templates = MailTemplates(__package__)

    async def send_new_network(self, payload: Mapping[str, Any]) -> None:
        """Notify a user of a sign-in from a network that none of their earlier sign-ins came from."""
        uid = UUID(payload["session"])
        if (row := await self._queries.started_session(uid)) is None:
            return
        mail = self._templates.mail(
            "new_network",
            row["email"],
            f"session.{uid}",
            network=row["network"],
            at=row["created_at"],
            base_url=self._base_url,
        )
        await self._mailer.send(mail)

    async def send_password_reset(self, payload: Mapping[str, Any]) -> None:
        """Notify a user of a reset, and name the API keys and the identities that remain."""
        uid = UUID(payload["user"])
        if (row := await self._queries.address(uid)) is None:
            return
        # Keys by their first characters and identities by their address: the server does not know who created them.
        mail = self._templates.mail(
            "password_reset",
            row["email"],
            f"reset.{payload['token']}",
            keys=await self._queries.valid_keys(uid, utc_now()),
            identities=await self._queries.identities(uid),
            base_url=self._base_url,
        )
        await self._mailer.send(mail)
