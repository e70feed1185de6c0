"""The jobs of the feature: they decide which mail follows a request, and send mails.

Parameters are identifiers and encrypted addresses; tokens are computed when the mail is sent.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag

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
from app.kit.queue.job_queue import JobQueue
from app.kit.queue.kinds import JobHandler, JobKind, JobRun, Params, from_params
from app.kit.queue.schedules import WorkerResources
from app.settings.auth import AuthSettings
from app.settings.errors import require_secret
from app.settings.http import HttpSettings
from app.users.job_names import ADDRESS_CHANGED

_LOG: Final = structlog.get_logger()


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs. Raises ``SettingsError`` without a signing key."""
    settings, database, mailer = resources.settings, resources.database, resources.mailer
    signing_key = require_secret(settings[AuthSettings].signing_key, "auth", "signing_key")
    tokens = MailedTokens(signing_key)
    base_url = settings[HttpSettings].base_url
    mails = AuthMails(database.reads, mailer, tokens, base_url)
    notices = Notices(database.reads, mailer, base_url)
    decisions = MailDecisions(tokens, MailedAddresses(signing_key), settings[AuthSettings])
    return {
        SEND_TOKEN: from_params(mails.send_token),
        SEND_ALREADY_REGISTERED: from_params(mails.send_already_registered),
        SEND_NEW_NETWORK: from_params(notices.send_new_network),
        SEND_PASSWORD_RESET: from_params(notices.send_password_reset),
        REGISTRATION_REQUESTED: decisions.registration,
        VERIFICATION_REQUESTED: decisions.verification,
        RESET_REQUESTED: decisions.reset,
        ADDRESS_CHANGED: decisions.address_changed,
    }


class MailDecisions:
    """Handlers that decide which mail follows a request, and enqueue it in the transaction that ends their job."""

    def __init__(self, tokens: MailedTokens, addresses: MailedAddresses, settings: AuthSettings) -> None:
        self._tokens = tokens
        self._addresses = addresses
        self._settings = settings

    async def registration(self, run: JobRun) -> None:
        """Decide what follows a registration."""
        async with self._decision(run) as requested:
            await requested.registration(UUID(run.params["registration"]))

    async def verification(self, run: JobRun) -> None:
        """Decide what follows a request for a verification token."""
        if (address := self._address(run.params)) is not None:
            async with self._decision(run) as requested:
                await requested.verification(address)

    async def reset(self, run: JobRun) -> None:
        """Decide what follows a request for a reset token."""
        if (address := self._address(run.params)) is not None:
            async with self._decision(run) as requested:
                await requested.password_reset(address)

    async def address_changed(self, run: JobRun) -> None:
        """Decide what follows a change of an address."""
        async with self._decision(run) as requested:
            await requested.changed_address(UUID(run.params["user"]))

    @asynccontextmanager
    async def _decision(self, run: JobRun) -> AsyncIterator[RequestedMails]:
        async with run.completing() as session:
            jobs = JobQueue(session)
            yield RequestedMails(session, jobs, TokenMails(session, jobs, self._tokens, self._settings))

    def _address(self, params: Params) -> str | None:
        """None after a change of the signing key, which invalidates outstanding tokens as well."""
        try:
            return self._addresses.decrypt(params["address"])
        except InvalidTag:
            _LOG.warning("mail_request_dropped", reason="encrypted with another signing key")
            return None
