"""Use cases of users who cannot sign in yet: registration, verification and password reset."""

from datetime import datetime, timedelta
from typing import Final

from uuid_utils.compat import uuid7

from app.access.passwords import PasswordHasher
from app.access.principal import Role
from app.auth.commands import Registration
from app.auth.errors import InvalidResetToken, InvalidVerificationToken
from app.auth.events import PasswordReset, UserRegistered, UserVerified
from app.auth.jobs import SEND_ALREADY_REGISTERED, SEND_TOKEN
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.repository import AuthRepository
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.models import ActionToken, User
from app.settings.auth import AuthSettings
from app.users.errors import EmailTaken
from app.users.repository import UserRepository
from app.users.views import UserView

_MAIL_PAUSE: Final = timedelta(minutes=1)
"""At most one mail of a kind is sent to a user in this time, however often a client repeats the request."""


class RegistrationService:
    """Registers users, verifies e-mail addresses and resets passwords."""

    def __init__(
        self,
        session: WriteSession,
        events: EventRecorder,
        jobs: JobQueue,
        passwords: PasswordHasher,
        tokens: MailedTokens,
        settings: AuthSettings,
    ) -> None:
        self._users = UserRepository(session)
        self._repository = AuthRepository(session)
        self._events = events
        self._jobs = jobs
        self._passwords = passwords
        self._tokens = tokens
        self._settings = settings

    async def register(self, registration: Registration) -> UserView:
        """Create a user with the role author and mail a verification token. Raises ``EmailTaken``."""
        hashed = await self._passwords.hash(registration.password)
        now = utc_now()
        user = User(
            email=registration.email,
            display_name=registration.display_name,
            password_hash=hashed,
            roles=[Role.AUTHOR.value],
            created_at=now,
            updated_at=now,
        )
        await self._users.add(user)
        self._events.record(UserRegistered(subject=user.uid))
        await self._mail_token(user, Purpose.VERIFICATION)
        return UserView.from_entity(user)

    async def register_quietly(self, registration: Registration) -> None:
        """Register without revealing to the caller whether the address is taken; its owner is notified by mail."""
        try:
            await self.register(registration)
        except EmailTaken:
            owner = await self._users.lock_by_email(registration.email)
            if owner is not None and owner.is_verified:
                await self._jobs.enqueue(SEND_ALREADY_REGISTERED, {"user": str(owner.uid)})
            elif owner is not None:
                await self._mail_token(owner, Purpose.VERIFICATION)

    async def verify(self, token: str) -> None:
        """Verify an address. Raises ``InvalidVerificationToken`` for a wrong, used or expired token."""
        await self._verify(token, None)

    async def verify_address(self, email: str, token: str) -> bool:
        """Verify this address; False if it is verified already. Raises ``InvalidVerificationToken``."""
        user = await self._users.lock_by_email(email)
        if user is None:
            raise InvalidVerificationToken
        if user.is_verified:
            return False
        await self._verify(token, user)
        return True

    async def resend_verification(self, email: str) -> None:
        """Mail a new token if the user exists and is not verified; the response does not reveal it."""
        user = await self._users.lock_by_email(email)
        if user is not None and user.is_active and not user.is_verified:
            await self._mail_token(user, Purpose.VERIFICATION)

    async def request_password_reset(self, email: str) -> None:
        """Mail a reset token if the user exists; the response does not reveal it."""
        user = await self._users.lock_by_email(email)
        if user is not None and user.is_active:
            await self._mail_token(user, Purpose.PASSWORD_RESET)

    async def reset_password(self, token: str, password: str) -> None:
        """Set a password with a mailed token, which also verifies the address, and revoke every session.

        Raises ``InvalidResetToken``.
        """
        hashed = await self._passwords.hash(password)
        found = await self._repository.lock_action_token(self._tokens.digest(token), Purpose.PASSWORD_RESET)
        now = utc_now()
        if found is None or not _usable(found[0], now) or not found[1].is_active:
            raise InvalidResetToken
        row, user = found
        row.used_at = user.updated_at = now
        user.password_hash = hashed
        user.is_verified = True
        await self._users.revoke_sessions(user.id, now)
        self._events.record(PasswordReset(subject=user.uid))

    async def _verify(self, token: str, expected: User | None) -> None:
        found = await self._repository.lock_action_token(self._tokens.digest(token), Purpose.VERIFICATION)
        now = utc_now()
        if found is None or not _usable(found[0], now) or (expected is not None and found[1].id != expected.id):
            raise InvalidVerificationToken
        row, user = found
        row.used_at = user.updated_at = now
        user.is_verified = True
        self._events.record(UserVerified(subject=user.uid))

    async def _mail_token(self, user: User, purpose: Purpose) -> None:
        now = utc_now()
        if await self._repository.issued_since(user.id, purpose, now - _MAIL_PAUSE):
            return
        verification = purpose is Purpose.VERIFICATION
        ttl = self._settings.verification_ttl if verification else self._settings.reset_ttl
        uid = uuid7()
        row = ActionToken(
            uid=uid,
            user_id=user.id,
            purpose=purpose.value,
            digest=self._tokens.digest(self._tokens.token(purpose, uid)),
            created_at=now,
            expires_at=now + timedelta(seconds=ttl),
        )
        await self._repository.add_action_token(row, now)
        await self._jobs.enqueue(SEND_TOKEN, {"token": str(uid)})


def _usable(token: ActionToken, now: datetime) -> bool:
    return token.used_at is None and token.expires_at > now
