"""Use cases of API keys by operators, who act on the keys of all users, and the rotation for every caller."""

from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access import keys
from app.access.commands import KeyDraft
from app.access.errors import ApiKeyAlreadyRotated, ApiKeyExpired, ApiKeyNotFound, PlanOfOtherKeys, UnknownScope
from app.access.events import ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated, ApiKeyUpdated
from app.access.keys import Mode
from app.access.permissions import key_scopes
from app.access.repository import ApiKeyRepository
from app.access.views import ApiKeyView
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import ApiKey
from app.plans.names import DEFAULT, TEST
from app.plans.service import PlanService


class ApiKeyService:
    """Creates, lists and revokes API keys."""

    def __init__(self, session: WriteSession, events: EventRecorder | None = None) -> None:
        self._repository = ApiKeyRepository(session)
        self._events = events or EventRecorder(session)
        self._plans = PlanService(session)

    async def create(self, draft: KeyDraft) -> tuple[ApiKey, str]:
        """The stored key and its text, which cannot be recovered later.

        Raises ``UnknownScope``, ``PlanOfOtherKeys``, ``PlanNotFound``, ``PlanIsRetired``.
        """
        known = key_scopes()
        if unknown := set(draft.scopes) - known:
            message = f"Unknown scopes: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}."
            raise UnknownScope(message)
        if draft.plan is not None:
            await self._ensure_plan(draft.mode, draft.plan)
        key, text = new_key(draft, utc_now())
        self._repository.add(key)
        self._events.record(ApiKeyCreated(subject=await self._subject(key), scopes=key.scopes))
        return key, text

    async def list_all(self) -> list[tuple[ApiKeyView, str]]:
        """Every key with the e-mail address of its owner, newest first."""
        now = utc_now()
        return [
            (ApiKeyView.from_entity(key, owner, now), email) for key, owner, email in await self._repository.list_all()
        ]

    async def set_plan(self, uid: UUID, plan: str) -> None:
        """Put a key on another plan. Raises ``ApiKeyNotFound``, and for the plan as ``create`` does."""
        key = await self._repository.lock(uid)
        if key is None:
            raise ApiKeyNotFound
        await self._ensure_plan(keys.mode_of(key.hint), plan)
        if plan not in {key.plan, TEST}:
            key.plan = plan
            self._events.record(ApiKeyUpdated(subject=await self._subject(key), changed=["plan"]))

    async def rotate(self, uid: UUID, overlap: timedelta, owner_id: int | None = None) -> tuple[ApiKey, ApiKey, str]:
        """The replaced key, which stays valid for ``overlap``, its successor, and the text of the successor.

        With an owner, a key of another user is not found. Raises ``ApiKeyNotFound``, ``ApiKeyAlreadyRotated``,
        ``ApiKeyExpired``.
        """
        key = await self._repository.lock(uid, owner_id)
        if key is None:
            raise ApiKeyNotFound
        successor, text = _successor_of(key, overlap, utc_now())
        self._repository.add(successor)
        self._events.record(ApiKeyRotated(subject=await self._subject(key), successor=successor.uid))
        return key, successor, text

    async def revoke(self, uid: UUID, at: datetime | None = None) -> None:
        """Revoke a key, at once by default; a revoked key keeps its time. Raises ``ApiKeyNotFound``."""
        if owner := await self._repository.revoke(uid, at or utc_now()):
            self._events.record(ApiKeyRevoked(subject=Subject(uid, owner)))
        elif not await self._repository.exists(uid):
            raise ApiKeyNotFound

    async def set_early_brownout(self, uid: UUID, until: datetime | None) -> None:
        """Let deprecated versions reject a key until then; None ends that. Raises ``ApiKeyNotFound``."""
        owner = await self._repository.set_early_brownout(uid, until)
        if owner is None:
            raise ApiKeyNotFound
        self._events.record(ApiKeyUpdated(subject=Subject(uid, owner), changed=["early_brownout_until"]))

    async def _subject(self, key: ApiKey) -> Subject:
        return Subject(key.uid, await self._repository.owner_uid(key.user_id))

    async def _ensure_plan(self, mode: Mode, plan: str) -> None:
        if (mode == "test") != (plan == TEST):
            raise PlanOfOtherKeys
        await self._plans.ensure_available(plan)


def new_key(draft: KeyDraft, now: datetime) -> tuple[ApiKey, str]:
    """A key to store, and its text."""
    text = keys.generate(draft.mode)
    key = ApiKey(
        uid=uuid7(),
        user_id=draft.user_id,
        name=draft.name,
        hint=keys.hint(text),
        digest=keys.digest(text),
        scopes=sorted(set(draft.scopes)),
        plan=DEFAULT if draft.plan in {None, TEST} else draft.plan,
        created_at=now,
        expires_at=draft.expires_at,
    )
    return key, text


def _successor_of(key: ApiKey, overlap: timedelta, now: datetime) -> tuple[ApiKey, str]:
    """The successor of a key to store, and its text. The key ends after ``overlap``, not after its own expiry.

    Raises ``ApiKeyAlreadyRotated``, ``ApiKeyExpired``.
    """
    if key.rotated_at is not None:
        raise ApiKeyAlreadyRotated
    if key.expires_at is not None and key.expires_at <= now:
        raise ApiKeyExpired
    draft = KeyDraft(key.user_id, key.name, key.scopes, keys.mode_of(key.hint), key.plan, key.expires_at)
    successor, text = new_key(draft, now)
    successor.family_uid = key.family_uid or key.uid
    successor.early_brownout_until = key.early_brownout_until
    key.rotated_at = now
    key.expires_at = now + overlap if key.expires_at is None else min(now + overlap, key.expires_at)
    return successor, text
