"""The mails of the feature."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.auth.mailed_tokens import MailedTokens, Purpose
from app.identities.notices import Notice
from app.identities.queries import IdentityQueries
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.kit.mail.mailer import Mailer
from app.kit.mail.templating import MailTemplates


class IdentityMails:
    """Sends the mails that jobs request."""

    def __init__(self, reads: ReadSession, mailer: Mailer, tokens: MailedTokens, base_url: str) -> None:
        self._queries = IdentityQueries(reads)
        self._mailer = mailer
        self._tokens = tokens
        self._base_url = base_url
        self._templates = MailTemplates(__package__)

    async def send_confirmation(self, payload: Mapping[str, Any]) -> None:
        """Mail the token of a confirmation, unless it was used, replaced or has expired in the meantime."""
        uid = UUID(payload["confirmation"])
        row = await self._queries.confirmation(uid, utc_now())
        if row is None:
            return
        token = self._tokens.token(Purpose.IDENTITY, uid)
        # Browsers do not send the fragment to servers, so the token appears in no access log.
        mail = self._templates.mail(
            "confirmation",
            row["email"],
            f"identity.{uid}",
            provider=row["provider"],
            network=row["network"],
            at=row["created_at"],
            link=f"{self._base_url}/confirm-identity#token={token}",
            token=token,
            until=row["expires_at"],
        )
        await self._mailer.send(mail)

    async def send_notice(self, payload: Mapping[str, Any]) -> None:
        """Notify a user of a change, unless the user was deleted in the meantime."""
        address = await self._queries.address(UUID(payload["user"]))
        if address is None:
            return
        mail = self._templates.mail(
            Notice(payload["notice"]),
            address,
            f"notice.{payload['id']}",
            provider=payload["provider"],
            base_url=self._base_url,
        )
        await self._mailer.send(mail)
