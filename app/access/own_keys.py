"""Use cases of API keys by the user who owns them, and by administrators."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.access.commands import KeyDraft, KeyEdit, OwnKeyDraft
from app.access.errors import (
    ApiKeyNotFound,
    ExpiryInThePast,
    TooLongBrownout,
    TooManyApiKeys,
)
from app.access.events import ApiKeyRevoked, ApiKeyUpdated
from app.access.policy import AccessPermission, ensure_scopes_grantable
from app.access.principal import Principal
from app.access.proof import IdentityProof
from app.access.repository import ApiKeyRepository
from app.access.service import ApiKeyService
from app.access.views import ApiKeyView
from app.errors import Unauthenticated
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.unset import UNSET
from app.models import ApiKey
from app.plans.views import Caps

MAX_BROWNOUT: Final = timedelta(days=7)


class OwnKeyService:
    """Changes API keys on behalf of a session. Raises ``Unauthenticated``, and ``InsufficientPermissions`` for a key.

    A new secret needs fresh proof of the caller's identity; the revocation of one does not. The plan caps the keys of
    one user that are valid at the same time; the predecessor of a rotated key does not count.
    """

    def __init__(
        self, session: WriteSession, principal: Principal, caps: Caps, events: EventRecorder, proof: IdentityProof
    ) -> None:
        self._repository = ApiKeyRepository(session)
        self._keys = ApiKeyService(session, events)
        self._principal = principal
        self._caps = caps
        self._events = events
        self._proof = proof

    async def create(self, draft: OwnKeyDraft) -> tuple[ApiKeyView, str]:
        """Create a key of the caller; the second value is its text, which cannot be recovered later.

        Raises ``UnknownScope``, ``ScopeNotGranted``, ``ExpiryInThePast``, ``TooManyApiKeys``, and as ``IdentityProof``.
        """
        await self._proof.ensure(self._principal, None)
        ensure_scopes_grantable(self._principal, draft.scopes)
        now = utc_now()
        if draft.expires_at is not None and draft.expires_at <= now:
            raise ExpiryInThePast
        own = self._principal.signed_in()
        if not await self._repository.lock_owner(own.user_id):
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        if await self._repository.count(own.user_id, now) >= self._caps.keys:
            raise TooManyApiKeys
        key, text = await self._keys.create(
            KeyDraft(own.user_id, draft.name, draft.scopes, draft.mode, expires_at=draft.expires_at)
        )
        return ApiKeyView.from_entity(key, own.user_uid, now), text

    async def edit(self, uid: UUID, edit: KeyEdit) -> ApiKeyView:
        """Change the given fields of a key. Raises ``ApiKeyNotFound``, ``TooLongBrownout``."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        key, now = await self._lock(uid), utc_now()
        until = edit.early_brownout_until
        if isinstance(until, datetime) and until > now + MAX_BROWNOUT:
            raise TooLongBrownout
        changed = []
        if edit.name is not UNSET and edit.name != key.name:
            key.name = edit.name
            changed.append("name")
        if until is not UNSET and until != key.early_brownout_until:
            key.early_brownout_until = until
            changed.append("early_brownout_until")
        if changed:
            self._events.record(
                ApiKeyUpdated(subject=Subject(key.uid, self._principal.signed_in().user_uid), changed=changed)
            )
        return self._view(key, now)

    async def rotate(self, uid: UUID, overlap: timedelta) -> tuple[ApiKeyView, str]:
        """Replace a key: the successor and its text. The key stays valid for ``overlap``, at most until its own expiry.

        Raises ``ApiKeyNotFound``, ``ApiKeyAlreadyRotated``, ``ApiKeyExpired``, and as ``IdentityProof`` does.
        """
        await self._proof.ensure(self._principal, None)
        _, successor, text = await self._keys.rotate(uid, overlap, self._principal.signed_in().user_id)
        return self._view(successor, utc_now()), text

    async def revoke(self, uid: UUID) -> None:
        """Revoke a key of the caller. Raises ``ApiKeyNotFound``."""
        self._principal.require(AccessPermission.WRITE_CREDENTIALS)
        await self._revoke(uid, self._principal.signed_in().user_id)

    async def revoke_any(self, uid: UUID) -> None:
        """Revoke a key of any user. Raises ``ApiKeyNotFound``."""
        self._principal.require(AccessPermission.ADMINISTER_KEYS)
        await self._revoke(uid, None)

    async def _revoke(self, uid: UUID, owner_id: int | None) -> None:
        owner = await self._repository.revoke(uid, utc_now(), owner_id)
        if owner is None:
            raise ApiKeyNotFound
        self._events.record(ApiKeyRevoked(subject=Subject(uid, owner)))

    async def _lock(self, uid: UUID) -> ApiKey:
        key = await self._repository.lock(uid, self._principal.signed_in().user_id)
        if key is None:
            raise ApiKeyNotFound
        return key

    def _view(self, key: ApiKey, now: datetime) -> ApiKeyView:
        return ApiKeyView.from_entity(key, self._principal.signed_in().user_uid, now)
