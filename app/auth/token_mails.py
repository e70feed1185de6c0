"""Creates single-use tokens and enqueues the mails that contain them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.auth.job_names import SEND_TOKEN
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.repository import AuthRepository
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.models import ActionToken, PendingRegistration, User
from app.settings.auth import AuthSettings

_PAUSE: Final = timedelta(minutes=1)
"""At most one mail of a kind is sent to an address in this time, however often clients repeat the request."""


class TokenMails:
    """Tokens and their mails, in one transaction."""

    def __init__(self, session: WriteSession, jobs: JobQueue, tokens: MailedTokens, settings: AuthSettings) -> None:
        self._repository = AuthRepository(session)
        self._jobs = jobs
        self._tokens = tokens
        self._settings = settings

    async def to_user(self, user: User, purpose: Purpose) -> None:
        """Mail a new token, which invalidates the user's older ones of the same purpose."""
        now = utc_now()
        if await self._repository.issued_since(user.id, purpose, now - _PAUSE):
            return
        uid, digest, expires_at = self._new_token(purpose, now)
        row = ActionToken(
            uid=uid, user_id=user.id, purpose=purpose.value, digest=digest, created_at=now, expires_at=expires_at
        )
        await self._repository.add_action_token(row, now)
        await self._jobs.enqueue(SEND_TOKEN, {"token": str(uid)})

    async def to_claimant(self, claims: Sequence[PendingRegistration]) -> None:
        """Mail a new token for the newest of the registrations that claim one address; its old token is invalid."""
        now = utc_now()
        if record_mail(claims, now):
            self.renew(claims[-1], now)
            await self._jobs.enqueue(SEND_TOKEN, {"token": str(claims[-1].uid)})

    def renew(self, registration: PendingRegistration, now: datetime) -> None:
        """Give a registration a new token; it expires with the token."""
        registration.uid, registration.digest, registration.expires_at = self._new_token(Purpose.VERIFICATION, now)

    def _new_token(self, purpose: Purpose, now: datetime) -> tuple[UUID, bytes, datetime]:
        """The uid, the digest and the expiry of a new token."""
        verification = purpose is Purpose.VERIFICATION
        ttl = self._settings.verification_ttl if verification else self._settings.reset_ttl
        uid = uuid7()
        return uid, self._tokens.digest(self._tokens.token(purpose, uid)), now + timedelta(seconds=ttl)


def record_mail(claims: Sequence[PendingRegistration], now: datetime) -> bool:
    """Whether a mail about the registrations of one address is due; it is recorded with the newest of them."""
    if any(claim.mailed_at is not None and claim.mailed_at > now - _PAUSE for claim in claims):
        return False
    claims[-1].mailed_at = now
    return True
