"""Use cases of users who cannot sign in yet: registration, verification and password reset."""

from datetime import datetime
from typing import Protocol

from app.access.events import ApiKeyRevoked, RevocationReason
from app.access.passwords import PasswordHasher
from app.access.principal import Role, SignedIn
from app.access.repository import ApiKeyRepository
from app.access.revocation import SessionRevocation
from app.auth.commands import Registration
from app.auth.errors import InvalidResetToken, InvalidVerificationToken
from app.auth.events import PasswordReset, UserRegistered, UserVerified
from app.auth.job_names import (
    REGISTRATION_REQUESTED,
    RESET_REQUESTED,
    SEND_PASSWORD_RESET,
    VERIFICATION_REQUESTED,
)
from app.auth.mailed_addresses import MailedAddresses
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.repository import AuthRepository, PendingRegistrationRepository
from app.auth.token_mails import TokenMails
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.job_queue import JobQueue
from app.models import ActionToken, PendingRegistration, User
from app.settings.auth import AuthSettings
from app.users.errors import EmailTaken
from app.users.events import subject_of
from app.users.repository import UserRepository


class LinkedIdentities(Protocol):
    """The identities at providers with which users sign in."""

    async def unlink_all(self, user: User) -> None:
        """Remove those of a locked user."""


class RegistrationService:
    """Registers users, verifies e-mail addresses and resets passwords."""

    def __init__(
        self,
        session: WriteSession,
        events: EventRecorder,
        jobs: JobQueue,
        passwords: PasswordHasher,
        tokens: MailedTokens,
        addresses: MailedAddresses,
        identities: LinkedIdentities,
        settings: AuthSettings,
    ) -> None:
        self._users = UserRepository(session)
        self._repository = AuthRepository(session)
        self._pending = PendingRegistrationRepository(session)
        self._keys = ApiKeyRepository(session)
        self._events = events
        self._sessions = SessionRevocation(session, events)
        self._jobs = jobs
        self._identities = identities
        self._passwords = passwords
        self._tokens = tokens
        self._addresses = addresses
        self._mails = TokenMails(session, jobs, tokens, settings)

    async def register(self, registration: Registration) -> None:
        """Store a pending registration, whose token the worker mails. Raises ``EmailTaken``.

        Any number of clients may register one address: none of them excludes its owner.
        """
        if await self._users.has_address(registration.email):
            raise EmailTaken
        await self.register_quietly(registration)

    async def register_quietly(self, registration: Registration) -> None:
        """The same for every address: the worker decides whether its user is notified or a token is mailed."""
        now = utc_now()
        pending = PendingRegistration(
            email=registration.email,
            email_canonical=canonical_address(registration.email),
            display_name=registration.display_name,
            password_hash=await self._passwords.hash(registration.password),
            network=registration.network,
            created_at=now,
        )
        self._mails.renew(pending, now)
        await self._pending.add(pending)
        await self._jobs.enqueue(REGISTRATION_REQUESTED, {"registration": str(pending.uid)})

    async def verify(self, token: str) -> None:
        """Verify an address. Raises ``InvalidVerificationToken`` for a wrong, used or expired token."""
        digest, now = self._tokens.digest(token), utc_now()
        found = await self._repository.lock_action_token(digest, Purpose.VERIFICATION)
        if found is None:
            await self._complete(*await self._pending.lock_by_token(digest, now), now)
        else:
            self._verify(*found, now)

    async def verify_address(self, email: str, token: str) -> bool:
        """Verify this address; False if it is verified already. Raises ``InvalidVerificationToken``."""
        digest, now = self._tokens.digest(token), utc_now()
        user = await self._users.lock_by_email(email)
        if user is None:
            claim, claims = await self._pending.lock_by_token(digest, now)
            if claim is not None and claim.email_canonical != canonical_address(email):
                raise InvalidVerificationToken
            await self._complete(claim, claims, now)
            return True
        if user.is_verified:
            return False
        found = await self._repository.lock_action_token(digest, Purpose.VERIFICATION)
        if found is None or found[1].id != user.id:
            raise InvalidVerificationToken
        self._verify(*found, now)
        return True

    async def resend_verification(self, email: str) -> None:
        """Let the worker mail a new token, if the address is not verified; the response does not reveal it."""
        await self._jobs.enqueue(VERIFICATION_REQUESTED, {"address": self._addresses.encrypt(email)})

    async def request_password_reset(self, email: str) -> None:
        """Let the worker mail a reset token, if the user exists; the response does not reveal it."""
        await self._jobs.enqueue(RESET_REQUESTED, {"address": self._addresses.encrypt(email)})

    async def reset_password(
        self, token: str, password: str, *, revoke_keys: bool = False, unlink_identities: bool = False
    ) -> None:
        """Set a password with a mailed token, which also verifies the address, and revoke every session.

        API keys stay valid without ``revoke_keys``, and identities linked without ``unlink_identities``: the server
        does not know who added them. A mail lists them.

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
        await self._sessions.revoke_all(
            SignedIn(user.id, user.uid), RevocationReason.PASSWORD_RESET, now, actor=user.uid
        )
        self._events.record(PasswordReset(subject=subject_of(user)), user.uid)
        if revoke_keys:
            for uid in await self._keys.revoke_all(user.id, now):
                self._events.record(ApiKeyRevoked(subject=Subject(uid, user.uid)), user.uid)
        if unlink_identities:
            await self._identities.unlink_all(user)
        await self._jobs.enqueue(SEND_PASSWORD_RESET, {"user": str(user.uid), "token": str(row.uid)})

    def _verify(self, row: ActionToken, user: User, now: datetime) -> None:
        if not _usable(row, now):
            raise InvalidVerificationToken
        row.used_at = user.updated_at = now
        user.is_verified = True
        self._events.record(UserVerified(subject=subject_of(user)), user.uid)

    async def _complete(self, claim: PendingRegistration | None, claims: int, now: datetime) -> None:
        """Create the user of a proven claim.

        If other registrations claimed the address, its owner may not know which of them the mail was about: the token
        then proves the address only, and the owner sets the password with a mailed token.
        """
        if claim is None:
            raise InvalidVerificationToken
        user = User(
            email=claim.email,
            display_name=claim.display_name,
            password_hash=claim.password_hash if claims == 1 else None,
            roles=[Role.AUTHOR.value],
            is_verified=True,
            created_at=now,
            updated_at=now,
        )
        try:
            await self._users.add(user)
        except EmailTaken as error:
            # Meanwhile an admin has created a user with this address, or changed one.
            raise InvalidVerificationToken from error
        await self._pending.delete_by_address(claim.email_canonical)
        self._events.record(UserRegistered(subject=subject_of(user)), user.uid)
        if user.password_hash is None:
            await self._mails.to_user(user, Purpose.PASSWORD_RESET)


def _usable(token: ActionToken, now: datetime) -> bool:
    return token.used_at is None and token.expires_at > now
