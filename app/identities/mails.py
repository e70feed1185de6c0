"""The mails of the feature."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from app.auth.mailed_tokens import MailedTokens, Purpose
from app.identities.notices import Notice
from app.identities.queries import IdentityQueries
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession
from app.kit.mail.mailer import Mailer
from app.kit.mail.message import Mail

_CONFIRM: Final = "Confirm a new way to sign in"
_SUBJECTS: Final = {
    Notice.LINKED: "A new way to sign in was added",
    Notice.PROVED_ADDRESS: "Your account was taken over by the owner of its address",
    Notice.NEW_USER: "Your account was created",
    Notice.UNLINKED: "A way to sign in was removed",
}
_TEXTS: Final = {
    Notice.LINKED: 'You can now sign in with the provider "{provider}".',
    Notice.PROVED_ADDRESS: (
        'You signed in with the provider "{provider}", which verified this address. An account had the address without '
        "having verified it. It is yours now: its password, sessions, API keys and other ways to sign in were removed."
    ),
    Notice.NEW_USER: 'An account with this address was created by a sign-in with the provider "{provider}".',
    Notice.UNLINKED: 'You can no longer sign in with the provider "{provider}".',
}
_OTHERWISE: Final = (
    "If it was not you, set a new password at {base_url}/docs, which ends all sessions, and unlink the identities "
    "that are not yours."
)


class IdentityMails:
    """Sends the mails that jobs request."""

    def __init__(self, reads: ReadSession, mailer: Mailer, tokens: MailedTokens, base_url: str) -> None:
        self._queries = IdentityQueries(reads)
        self._mailer = mailer
        self._tokens = tokens
        self._base_url = base_url

    async def send_confirmation(self, payload: Mapping[str, Any]) -> None:
        """Mail the token of a confirmation, unless it was used, replaced or has expired in the meantime."""
        uid = UUID(payload["confirmation"])
        row = await self._queries.confirmation(uid, utc_now())
        if row is None:
            return
        token = self._tokens.token(Purpose.IDENTITY, uid)
        # Browsers do not send the fragment to servers, so the token appears in no access log.
        link = f"{self._base_url}/confirm-identity#token={token}"
        text = (
            f'Somebody signed in with the provider "{row["provider"]}", which has verified this address, from the '
            f"network {row['network']} at {row['created_at']:%Y-%m-%d %H:%M} UTC. "
            "Your account has the same address.\n\n"
            f"If it was you, allow this sign-in from now on with this link:\n\n{link}\n\n"
            f"or with this token in your own client:\n\nToken: {token}\n\n"
            f"It works once, until {row['expires_at']:%Y-%m-%d %H:%M} UTC. Then sign in with the provider again. "
            "If it was not you, ignore this mail: nothing has changed.\n"
        )
        await self._mailer.send(Mail(row["email"], _CONFIRM, text, message_id=f"identity.{uid}"))

    async def send_notice(self, payload: Mapping[str, Any]) -> None:
        """Notify a user of a change, unless the user was deleted in the meantime."""
        address = await self._queries.address(UUID(payload["user"]))
        if address is None:
            return
        notice = Notice(payload["notice"])
        text = (
            f"{_TEXTS[notice].format(provider=payload['provider'])}\n\n{_OTHERWISE.format(base_url=self._base_url)}\n"
        )
        await self._mailer.send(Mail(address, _SUBJECTS[notice], text, message_id=f"notice.{payload['id']}"))
