"""The mails of the feature."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.queries import AuthQueries
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession, Row
from app.kit.mail.mailer import Mailer
from app.kit.mail.templating import MailTemplates, minute

_TITLES: Final = {
    Purpose.VERIFICATION: "Verify your e-mail address",
    Purpose.PASSWORD_RESET: "Set a new password",
}
_PAGES: Final = {Purpose.VERIFICATION: "verify", Purpose.PASSWORD_RESET: "reset-password"}
_NOT_A_NAME: Final = re.compile(r"[^\w' -]+")


class AuthMails:
    """Sends the mails that jobs request."""

    def __init__(self, reads: ReadSession, mailer: Mailer, tokens: MailedTokens, base_url: str) -> None:
        self._queries = AuthQueries(reads)
        self._mailer = mailer
        self._tokens = tokens
        self._base_url = base_url
        self._templates = MailTemplates(__package__)

    async def send_token(self, payload: Mapping[str, Any]) -> None:
        """Mail a single-use token, unless it was replaced, used or has expired in the meantime."""
        uid = UUID(payload["token"])
        if (row := await self._queries.mailed_token(uid)) is not None:
            if row["used_at"] is None:
                await self._send_token(uid, Purpose(row["purpose"]), row, several_claims=row["without_password"])
        elif (row := await self._queries.pending_registration(uid)) is not None:
            await self._send_token(uid, Purpose.VERIFICATION, row, claim=_claim(row))

    async def _send_token(
        self, uid: UUID, purpose: Purpose, row: Row, *, several_claims: bool = False, claim: str | None = None
    ) -> None:
        if row["expires_at"] <= utc_now():
            return
        token = self._tokens.token(purpose, uid)
        # Browsers do not send the fragment to servers, so the token appears in no access log.
        mail = self._templates.mail(
            "token",
            row["email"],
            f"token.{uid}",
            title=_TITLES[purpose],
            link=f"{self._base_url}/{_PAGES[purpose]}#token={token}",
            token=token,
            until=row["expires_at"],
            several_claims=several_claims,
            claim=claim,
        )
        await self._mailer.send(mail)

    async def send_already_registered(self, payload: Mapping[str, Any]) -> None:
        """Notify the owner of an address of an attempt to register it again."""
        uid = UUID(payload["user"])
        row = await self._queries.address(uid)
        if row is None:
            return
        mail = self._templates.mail("already_registered", row["email"], f"registered.{uid}", base_url=self._base_url)
        await self._mailer.send(mail)


def _claim(row: Row) -> str:
    """Names the client that registered. The name is reduced to letters, so that it cannot contain a link."""
    name = _NOT_A_NAME.sub(" ", row["display_name"]).strip()
    place = f" from the network {row['network']}" if row["network"] else ""
    return f'A registration with the name "{name}" and this address arrived{place} at {minute(row["created_at"])}.'
