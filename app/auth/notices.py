"""Mails that notify users of what happened to their account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.auth.queries import AuthQueries
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession, Row
from app.kit.mail.mailer import Mailer
from app.kit.mail.message import Mail


class Notices:
    """Sends the notices that jobs request."""

    def __init__(self, reads: ReadSession, mailer: Mailer, base_url: str) -> None:
        self._queries = AuthQueries(reads)
        self._mailer = mailer
        self._base_url = base_url

    async def send_new_network(self, payload: Mapping[str, Any]) -> None:
        """Notify a user of a sign-in from a network that none of their earlier sign-ins came from."""
        uid = UUID(payload["session"])
        if (row := await self._queries.started_session(uid)) is None:
            return
        text = (
            f"Your account was signed in to from the network {row['network']} at {row['created_at']:%Y-%m-%d %H:%M} "
            "UTC, for the first time.\n\n"
            f"If it was not you, set a new password at {self._base_url}/docs, which ends every session.\n"
        )
        await self._mailer.send(Mail(row["email"], "New sign-in to your account", text, message_id=f"session.{uid}"))

    async def send_password_reset(self, payload: Mapping[str, Any]) -> None:
        """Notify a user of a reset, and name the API keys and the identities that remain."""
        uid = UUID(payload["user"])
        if (row := await self._queries.address(uid)) is None:
            return
        keys = await self._queries.valid_keys(uid, utc_now())
        text = (
            "The password of your account was reset with a mailed link, and every session has ended.\n\n"
            f"{_keys(keys)}\n{_identities(await self._queries.identities(uid))}\n"
            f"If it was not you, set another password at {self._base_url}/docs.\n"
        )
        mail = Mail(row["email"], "Your password was reset", text, message_id=f"reset.{payload['token']}")
        await self._mailer.send(mail)


def _identities(identities: list[Row]) -> str:
    """The identities by provider and address, since the server does not know who linked them."""
    if not identities:
        return "No identity at a provider can sign in to your account.\n"
    listed = "".join(
        f"  {row['provider']}  {row['email'] or 'no address'}  linked {row['created_at']:%Y-%m-%d}\n"
        for row in identities
    )
    return f"These identities can still sign in to your account. Unlink those that you do not know:\n\n{listed}"


def _keys(keys: list[Row]) -> str:
    """The keys by name and first characters, since the server does not know who created them."""
    if not keys:
        return "There are no valid API keys.\n"
    listed = "".join(f"  {key['hint']}...  created {key['created_at']:%Y-%m-%d}\n" for key in keys)
    return f"These API keys are still valid. Revoke those that you do not know:\n\n{listed}"
