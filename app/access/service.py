"""Use cases of API keys."""

from datetime import datetime
from uuid import UUID

from app.access import keys
from app.access.commands import KeyDraft
from app.access.errors import ApiKeyNotFound, UnknownScope
from app.access.permissions import key_scopes
from app.access.policy import key_owner_filter
from app.access.principal import Principal
from app.access.reader import LAST_USED_GRANULARITY
from app.access.repository import ApiKeyRepository
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import ApiKey


class ApiKeyService:
    """Creates, lists and revokes API keys."""

    def __init__(self, session: WriteSession) -> None:
        self._repository = ApiKeyRepository(session)

    def create(self, draft: KeyDraft) -> tuple[ApiKey, str]:
        """The stored key and its text, which cannot be recovered later. Raises ``UnknownScope``."""
        known = key_scopes()
        if unknown := set(draft.scopes) - known:
            message = f"Unknown scopes: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}."
            raise UnknownScope(message)
        text = keys.generate(draft.mode)
        now = utc_now()
        key = ApiKey(
            user_id=draft.user_id,
            name=draft.name,
            hint=keys.hint(text),
            digest=keys.digest(text),
            scopes=sorted(set(draft.scopes)),
            plan=draft.plan,
            created_at=now,
            expires_at=now + draft.lifetime if draft.lifetime is not None else None,
        )
        self._repository.add(key)
        return key, text

    async def list_all(self) -> list[tuple[ApiKey, str]]:
        """Every key with the e-mail address of its owner, newest first."""
        return await self._repository.list_all()

    async def revoke(self, uid: UUID, at: datetime | None = None) -> None:
        """Revoke a key, at once by default. Raises ``ApiKeyNotFound``."""
        if not await self._repository.revoke(uid, at or utc_now()):
            raise ApiKeyNotFound

    async def set_early_brownout(self, principal: Principal, uid: UUID, until: datetime | None) -> None:
        """Let deprecated versions reject a key until then; None ends that.

        Raises ``Unauthenticated``, and ``ApiKeyNotFound`` for a key that does not exist or is not the caller's.
        """
        if not await self._repository.set_early_brownout(uid, until, key_owner_filter(principal)):
            raise ApiKeyNotFound

    async def record_use(self, uid: UUID) -> None:
        """Record that a key was used."""
        await self._repository.record_use(uid, utc_now(), LAST_USED_GRANULARITY)
