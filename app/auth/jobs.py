"""The jobs of the feature: they decide which mail follows a request, and send mails.

Payloads contain identifiers and encrypted addresses only; tokens are computed when the mail is sent.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from pydantic import SecretStr

from app.auth.job_names import (
    REGISTRATION_REQUESTED,
    RESET_REQUESTED,
    SEND_ALREADY_REGISTERED,
    SEND_NEW_NETWORK,
    SEND_PASSWORD_RESET,
    SEND_TOKEN,
    VERIFICATION_REQUESTED,
)
from app.auth.mailed_addresses import MailedAddresses
from app.auth.mailed_tokens import MailedTokens
from app.auth.mails import AuthMails
from app.auth.notices import Notices
from app.auth.requested_mails import RequestedMails
from app.auth.token_mails import TokenMails
from app.kit.db.database import Database
from app.kit.mail.mailer import Mailer
from app.kit.queue.job_queue import JobQueue
from app.settings.auth import AuthSettings
from app.settings.http import HttpSettings
from app.settings.root import Settings
from app.users.job_names import ADDRESS_CHANGED

Payload = Mapping[str, Any]
_LOG: Final = structlog.get_logger()


class AuthJobs:
    """The handlers of the feature's jobs by name."""

    def __init__(
        self,
        database: Database,
        mails: AuthMails,
        notices: Notices,
        tokens: MailedTokens,
        addresses: MailedAddresses,
        settings: AuthSettings,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._addresses = addresses
        self._settings = settings
        self.handlers: Final[Mapping[str, Callable[[Payload], Awaitable[None]]]] = {
            SEND_TOKEN: mails.send_token,
            SEND_ALREADY_REGISTERED: mails.send_already_registered,
            REGISTRATION_REQUESTED: self._registration,
            VERIFICATION_REQUESTED: self._verification,
            RESET_REQUESTED: self._reset,
            SEND_NEW_NETWORK: notices.send_new_network,
            SEND_PASSWORD_RESET: notices.send_password_reset,
            ADDRESS_CHANGED: self._address_changed,
        }

    @classmethod
    def build(cls, database: Database, mailer: Mailer, signing_key: SecretStr, settings: Settings) -> "AuthJobs":
        """The handlers of one process."""
        tokens = MailedTokens(signing_key)
        base_url = settings[HttpSettings].base_url
        mails = AuthMails(database.reads, mailer, tokens, base_url)
        notices = Notices(database.reads, mailer, base_url)
        return cls(database, mails, notices, tokens, MailedAddresses(signing_key), settings[AuthSettings])

    async def _registration(self, payload: Payload) -> None:
        async with self._decision() as requested:
            await requested.registration(UUID(payload["registration"]))

    async def _verification(self, payload: Payload) -> None:
        if (address := self._address(payload)) is not None:
            async with self._decision() as requested:
                await requested.verification(address)

    async def _reset(self, payload: Payload) -> None:
        if (address := self._address(payload)) is not None:
            async with self._decision() as requested:
                await requested.password_reset(address)

    async def _address_changed(self, payload: Payload) -> None:
        async with self._decision() as requested:
            await requested.changed_address(UUID(payload["user"]))

    @asynccontextmanager
    async def _decision(self) -> AsyncIterator[RequestedMails]:
        async with self._database.write() as session:
            jobs = JobQueue(session)
            yield RequestedMails(session, jobs, TokenMails(session, jobs, self._tokens, self._settings))

    def _address(self, payload: Payload) -> str | None:
        """None after a change of the signing key, which invalidates outstanding tokens as well."""
        try:
            return self._addresses.decrypt(payload["address"])
        except InvalidTag:
            _LOG.warning("mail_request_dropped", reason="encrypted with another signing key")
            return None
