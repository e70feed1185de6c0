"""Use cases that change identities without a visit to a provider."""

from uuid import UUID

from app.access.principal import Principal, SignedIn
from app.access.proof import IdentityProof
from app.auth.mailed_tokens import MailedTokens
from app.errors import Unauthenticated
from app.events.recorder import EventRecorder, Subject
from app.identities.commands import ExternalIdentity, LinkReason
from app.identities.errors import IdentityNotFound, InvalidConfirmationToken, LastSignInMethod
from app.identities.events import IdentityUnlinked
from app.identities.linking import IdentityLinking
from app.identities.notices import Notice, enqueue_notice
from app.identities.repository import IdentityRepository
from app.identities.unlinking import unlink_all
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.job_queue import JobQueue
from app.models import User
from app.users.repository import UserRepository


class OwnIdentityService:
    """Unlinks identities. Raises ``Unauthenticated``, and ``InsufficientPermissions`` for a key."""

    def __init__(
        self, session: WriteSession, principal: Principal, events: EventRecorder, jobs: JobQueue, proof: IdentityProof
    ) -> None:
        self._users = UserRepository(session)
        self._identities = IdentityRepository(session)
        self._principal = principal
        self._events = events
        self._jobs = jobs
        self._proof = proof

    async def unlink(self, uid: UUID) -> None:
        """Remove an identity of the caller, who is notified.

        Raises ``IdentityNotFound``, ``LastSignInMethod``, and as ``IdentityProof`` does.
        """
        await self._proof.ensure(self._principal, None)
        own = self._principal.signed_in()
        # The lock serialises removals: together, two of them could remove the last two identities.
        user = await self._users.lock(own.user_id)
        if user is None:
            raise Unauthenticated
        provider = await self._identities.remove(user.id, uid)
        if provider is None:
            raise IdentityNotFound
        if user.password_hash is None and await self._identities.count(user.id) == 0:
            raise LastSignInMethod
        self._events.record(IdentityUnlinked(subject=Subject(uid, user.uid), provider=provider))
        await enqueue_notice(self._jobs, user.uid, Notice.UNLINKED, provider)


class ResetIdentities:
    """Implements ``app.auth.registration.LinkedIdentities``. The mail about the reset notifies the user."""

    def __init__(self, session: WriteSession, events: EventRecorder) -> None:
        self._session = session
        self._events = events

    async def unlink_all(self, user: User) -> None:
        """Remove every identity of a locked user, who has just set a password."""
        await unlink_all(self._session, self._events, SignedIn(user.id, user.uid), actor=user.uid)


class ConfirmationService:
    """Links an identity that the owner of a user's address confirms with a mailed token."""

    def __init__(self, session: WriteSession, linking: IdentityLinking, tokens: MailedTokens) -> None:
        self._identities = IdentityRepository(session)
        self._linking = linking
        self._tokens = tokens

    async def confirm(self, token: str) -> None:
        """Use a token. Raises ``InvalidConfirmationToken``, ``IdentityTaken``."""
        digest, now = self._tokens.digest(token), utc_now()
        found = await self._identities.find_confirmation(digest)
        if found is None:
            raise InvalidConfirmationToken
        # In the order of every sign-in: the identity, then the user.
        await self._identities.lock_subject(found.provider, found.subject)
        locked = await self._identities.lock_confirmed(digest)
        if locked is None:
            raise InvalidConfirmationToken
        confirmation, user = locked
        same_address = canonical_address(confirmation.email) == canonical_address(user.email)
        if confirmation.expires_at <= now or not same_address or not user.is_verified or not user.is_active:
            raise InvalidConfirmationToken
        external = ExternalIdentity(confirmation.provider, confirmation.subject, confirmation.email, None)
        await self._linking.link_to(user, external, LinkReason.CONFIRMED)
