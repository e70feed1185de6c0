"""Decides in the worker which mail follows a request with an address.

The request does the same work for every address, so neither its response nor its duration reveals a user.
"""

from typing import Final
from uuid import UUID

from app.auth.job_names import SEND_ALREADY_REGISTERED
from app.auth.mailed_tokens import Purpose
from app.auth.repository import PendingRegistrationRepository
from app.auth.token_mails import TokenMails, record_mail
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.job_queue import JobQueue
from app.models import User
from app.users.repository import UserRepository

_MOST_CLAIMS: Final = 5
"""Pending registrations per address. A further one is dropped, so that no stranger displaces another's."""


class RequestedMails:
    """One decision in one transaction. A repeated decision mails nothing within a minute."""

    def __init__(self, session: WriteSession, jobs: JobQueue, mails: TokenMails) -> None:
        self._users = UserRepository(session)
        self._pending = PendingRegistrationRepository(session)
        self._jobs = jobs
        self._mails = mails

    async def registration(self, uid: UUID) -> None:
        """Mail the token of a pending registration, or notify the user who has its address."""
        claims = await self._pending.lock_by_uid(uid, utc_now())
        if not claims:
            return
        for surplus in claims[_MOST_CLAIMS:]:
            await self._pending.delete(surplus)
        claims = claims[:_MOST_CLAIMS]
        user = await self._users.lock_by_email(claims[0].email)
        if user is None:
            await self._mails.to_claimant(claims)
        elif not user.is_verified:
            await self._verify(user)
        elif record_mail(claims, utc_now()):
            await self._jobs.enqueue(SEND_ALREADY_REGISTERED, {"user": str(user.uid)})

    async def verification(self, email: str) -> None:
        """Mail a new token to a user or a registration whose address is not verified."""
        user = await self._users.lock_by_email(email)
        if user is not None:
            await self._verify(user)
        elif claims := await self._pending.lock_by_address(canonical_address(email), utc_now()):
            await self._mails.to_claimant(claims)

    async def password_reset(self, email: str) -> None:
        """Mail a reset token to an active user."""
        user = await self._users.lock_by_email(email)
        if user is not None and user.is_active:
            await self._mails.to_user(user, Purpose.PASSWORD_RESET)

    async def changed_address(self, user_uid: UUID) -> None:
        """Mail a verification token to the new address of a user."""
        if (user := await self._users.lock(user_uid)) is not None:
            await self._verify(user)

    async def _verify(self, user: User) -> None:
        if user.is_active and not user.is_verified:
            await self._mails.to_user(user, Purpose.VERIFICATION)
