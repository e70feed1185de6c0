"""The rules by which an identity at a provider becomes a user's. They never trust an address that is not verified.

1. A known identity signs its user in, even if its address has changed.
2. A user links an identity in a session with fresh proof.
3. The verified address of a verified user links nothing: the owner of the address confirms it by mail.
4. The verified address of a user who has not verified it is proved by the provider. Earlier credentials are removed,
   since a stranger may have set them.
5. Without a verified address there is no user by address: the user registers one, and links the identity.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.events import ApiKeyRevoked, RevocationReason
from app.access.principal import Role, SignedIn
from app.access.repository import ApiKeyRepository
from app.access.revocation import SessionRevocation
from app.auth.errors import AccountDeactivated
from app.auth.events import UserRegistered, UserVerified
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.reauthentication import REAUTHENTICATION
from app.auth.repository import AuthRepository, PendingRegistrationRepository
from app.events.audit import target
from app.events.recorder import EventRecorder, Subject
from app.identities.commands import ExternalIdentity, LinkReason
from app.identities.errors import (
    IdentityConfirmationRequired,
    IdentityTaken,
    InvalidSignInFlow,
    ProviderAddressNotVerified,
    WrongIdentity,
)
from app.identities.events import IdentityConfirmationRequested, IdentityLinked
from app.identities.job_names import SEND_CONFIRMATION
from app.identities.notices import NOTICES, enqueue_notice
from app.identities.repository import IdentityRepository
from app.identities.unlinking import unlink_all
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.job_queue import JobQueue
from app.models import Identity, IdentityConfirmation, User
from app.settings.auth import AuthSettings
from app.users.errors import EmailTaken
from app.users.events import subject_of
from app.users.repository import UserRepository

_PAUSE: Final = timedelta(minutes=1)
"""At most one confirmation is mailed to a user in this time."""


class IdentityLinking:
    """Applies the rules in one transaction."""

    def __init__(
        self,
        session: WriteSession,
        events: EventRecorder,
        jobs: JobQueue,
        tokens: MailedTokens,
        settings: AuthSettings,
    ) -> None:
        self._session = session
        self._users = UserRepository(session)
        self._keys = ApiKeyRepository(session)
        self._revocation = SessionRevocation(session, events)
        self._identities = IdentityRepository(session)
        self._sessions = AuthRepository(session)
        self._pending = PendingRegistrationRepository(session)
        self._events = events
        self._jobs = jobs
        self._tokens = tokens
        self._settings = settings

    async def user_of(self, external: ExternalIdentity, network: str) -> User:
        """The user whom an identity signs in; rules 1, 3, 4 and 5.

        Raises ``AccountDeactivated``, ``IdentityConfirmationRequired``, ``ProviderAddressNotVerified``.
        """
        await self._identities.lock_subject(external.provider, external.subject)
        now = utc_now()
        known = await self._identities.find(external.provider, external.subject)
        if known is not None:
            user = await self._lock_active(known.user_id)
            await self._use(external, now)
            return user
        if external.email is None:
            raise ProviderAddressNotVerified
        found = await self._users.lock_by_email(external.email)
        if found is None:
            try:
                return await self._create(external, external.email, now)
            except EmailTaken:
                # Another transaction has created a user with this address meanwhile.
                found = await self._users.lock_by_email(external.email)
        if found is None:
            raise AccountDeactivated
        if not found.is_active:
            raise self._rejection(found)
        if found.is_verified:
            await self._request_confirmation(found, external, network, now)
            raise IdentityConfirmationRequired
        await self._hand_over(found, external, now)
        return found

    async def link(self, external: ExternalIdentity, user_id: int, session_uid: UUID) -> None:
        """Link an identity to the user of a session; rule 2. Raises ``IdentityTaken``, ``InvalidSignInFlow``."""
        await self._identities.lock_subject(external.provider, external.subject)
        user = await self._lock_with_session(user_id, session_uid)
        await self.link_to(user, external, LinkReason.REQUESTED)

    async def prove(self, external: ExternalIdentity, user_id: int, session_uid: UUID) -> None:
        """Let a session change credentials. Raises ``WrongIdentity``, ``InvalidSignInFlow``."""
        await self._identities.lock_subject(external.provider, external.subject)
        known = await self._identities.find(external.provider, external.subject)
        if known is None or known.user_id != user_id:
            raise WrongIdentity
        user = await self._lock_with_session(user_id, session_uid)
        await self._use(external, now := utc_now())
        await self._sessions.record_authentication(session_uid, now)
        self._events.audit.record(REAUTHENTICATION, target("user", user.uid), actor=user.uid)

    async def link_to(self, user: User, external: ExternalIdentity, reason: LinkReason) -> None:
        """Add an identity to a locked user, who is notified. Raises ``IdentityTaken``."""
        known = await self._identities.find(external.provider, external.subject)
        if known is not None:
            if known.user_id != user.id:
                raise IdentityTaken
            return
        identity = Identity(
            user_id=user.id,
            provider=external.provider,
            subject=external.subject,
            email=external.email,
            created_at=utc_now(),
        )
        await self._identities.add(identity)
        await self._identities.drop_confirmations(external.provider, external.subject)
        self._events.record(
            IdentityLinked(subject=Subject(identity.uid, user.uid), provider=external.provider, reason=reason.value),
            user.uid,
        )
        await enqueue_notice(self._jobs, user.uid, NOTICES[reason], external.provider)

    async def _create(self, external: ExternalIdentity, email: str, now: datetime) -> User:
        """A new user without a password. Registrations of the address are dropped: their clients did not prove it."""
        user = User(
            email=email,
            display_name=external.name or email.partition("@")[0],
            password_hash=None,
            roles=[Role.AUTHOR.value],
            is_verified=True,
            created_at=now,
            updated_at=now,
        )
        await self._users.add(user)
        await self._pending.delete_by_address(canonical_address(email))
        self._events.record(UserRegistered(subject=subject_of(user)))
        await self.link_to(user, external, LinkReason.NEW_USER)
        return user

    async def _hand_over(self, user: User, external: ExternalIdentity, now: datetime) -> None:
        """Give a user to the owner of its address, without anything by which somebody else could sign in."""
        user.password_hash = None
        user.is_verified = True
        user.updated_at = now
        await self._users.save()
        owner = SignedIn(user.id, user.uid)
        await self._revocation.revoke_all(owner, RevocationReason.ADDRESS_PROVED, now)
        await self._users.revoke_mailed_tokens(user.id, now)
        for uid in await self._keys.revoke_all(user.id, now):
            self._events.record(ApiKeyRevoked(subject=Subject(uid, user.uid)))
        await unlink_all(self._session, self._events, owner)
        await self._pending.delete_by_address(canonical_address(user.email))
        self._events.record(UserVerified(subject=subject_of(user)))
        await self.link_to(user, external, LinkReason.PROVED_ADDRESS)

    async def _request_confirmation(self, user: User, external: ExternalIdentity, network: str, now: datetime) -> None:
        if await self._identities.confirmed_since(user.id, now - _PAUSE):
            return
        uid = uuid7()
        confirmation = IdentityConfirmation(
            uid=uid,
            user_id=user.id,
            provider=external.provider,
            subject=external.subject,
            email=user.email,
            network=network,
            digest=self._tokens.digest(self._tokens.token(Purpose.IDENTITY, uid)),
            created_at=now,
            expires_at=now + timedelta(seconds=self._settings.reset_ttl),
        )
        await self._identities.add_confirmation(confirmation)
        self._events.record(IdentityConfirmationRequested(subject=subject_of(user), provider=external.provider))
        await self._jobs.enqueue(SEND_CONFIRMATION, {"confirmation": str(uid)})

    async def _use(self, external: ExternalIdentity, now: datetime) -> None:
        """Record a sign-in of a locked user. Raises ``InvalidSignInFlow`` if the identity was unlinked meanwhile."""
        known = await self._identities.find(external.provider, external.subject)
        if known is None:
            raise InvalidSignInFlow
        known.last_used_at = now

    async def _lock_active(self, user_id: int) -> User:
        user = await self._users.lock(user_id)
        if user is None:
            # Deleted after the identity or the session was found.
            raise AccountDeactivated
        if not user.is_active:
            raise self._rejection(user)
        return user

    def _rejection(self, user: User) -> AccountDeactivated:
        return self._events.audit.rejection("user.sign_in", target("user", user.uid), AccountDeactivated())

    async def _lock_with_session(self, user_id: int, session_uid: UUID) -> User:
        """The user, if the session that started the visit is still open."""
        user = await self._lock_active(user_id)
        if not await self._identities.has_open_session(user_id, session_uid, utc_now()):
            raise InvalidSignInFlow
        return user
