"""Reads of callers and API keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, func, select

from app.access.views import ApiKeyView, ConsumerView
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import KEYS, KeyedRead, Read
from app.models import KEY_FAMILY, ApiKey, RolePermission, Session, User

_PERMISSIONS: Final = func.array(
    select(RolePermission.permission)
    .where(RolePermission.role == func.any(User.roles))
    .correlate(User)
    .scalar_subquery(),
    type_=ARRAY(Text),
).label("permissions")


_BY_SESSION: Final = KeyedRead(
    select(
        User.id,
        User.uid,
        User.roles,
        _PERMISSIONS,
        Session.uid.label("session_uid"),
        Session.expires_at,
        func.coalesce(Session.authenticated_at, Session.created_at).label("authenticated_at"),
    )
    .join(Session, Session.user_id == User.id)
    .where(User.is_active, Session.revoked_at.is_(None)),
    Session.uid,
    "session_uid",
    span_name="look up session",
)

_BY_USER: Final = Read(
    select(User.id, User.uid, User.roles, _PERMISSIONS).where(User.uid == bindparam("uid"), User.is_active)
)

_BY_KEY: Final = KeyedRead(
    select(
        ApiKey.digest,
        User.id,
        User.uid,
        User.roles,
        _PERMISSIONS,
        ApiKey.uid.label("key_uid"),
        KEY_FAMILY.label("key_family"),
        ApiKey.scopes,
        ApiKey.plan,
        ApiKey.early_brownout_until,
        ApiKey.expires_at,
    )
    .join(User, User.id == ApiKey.user_id)
    .where(ApiKey.revoked_at.is_(None), User.is_active),
    ApiKey.digest,
    span_name="look up API key",
)

_KEY_COLUMNS: Final = (
    ApiKey.id,
    ApiKey.uid,
    User.uid.label("owner_uid"),
    ApiKey.name,
    ApiKey.hint,
    ApiKey.scopes,
    ApiKey.plan,
    ApiKey.created_at,
    ApiKey.expires_at,
    ApiKey.revoked_at,
    ApiKey.rotated_at,
    ApiKey.last_used_at,
    ApiKey.early_brownout_until,
)
_KEYS: Final = select(*_KEY_COLUMNS).join(User, User.id == ApiKey.user_id).where(ApiKey.revoked_at.is_(None))
_OWN: Final = _KEYS.where(ApiKey.user_id == bindparam("user_id"))
_NEWEST_FIRST: Final = ((ApiKey.id, True),)
_PAGES: Final = {
    (own, after): Read(apply_keyset(_OWN if own else _KEYS, _NEWEST_FIRST, after=after))
    for own in (False, True)
    for after in (False, True)
}
_ONE: Final = Read(_OWN.where(ApiKey.uid == bindparam("uid")))

_OWNER: Final = (User.id.label("user_id"), User.display_name, User.email, User.is_active)
_KEY_CONSUMERS: Final = KeyedRead(
    select(
        KEY_FAMILY.label("consumer"),
        *_KEY_COLUMNS,
        *_OWNER,
    )
    .join(User, User.id == ApiKey.user_id)
    # The newest key of each family.
    .where(ApiKey.rotated_at.is_(None)),
    KEY_FAMILY,
    "consumer",
)
_USER_CONSUMERS: Final = KeyedRead(select(User.uid.label("consumer"), *_OWNER), User.uid, "consumer")


class AccessQueries:
    """Looks callers up, with one statement for all requests that arrive at the same time.

    Such a statement takes keys only, so the expiry is compared with ``now`` on the returned row.
    """

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_session(self, user_uid: UUID, session_uid: UUID, now: datetime) -> Row | None:
        row = await self._reads.by_key(_BY_SESSION, session_uid)
        return row if row is not None and row["uid"] == user_uid and row["expires_at"] > now else None

    async def by_user(self, uid: UUID) -> Row | None:
        return await self._reads.one(_BY_USER, uid=uid)

    async def by_key(self, digest: bytes, now: datetime) -> Row | None:
        row = await self._reads.by_key(_BY_KEY, digest)
        return row if row is not None and (row["expires_at"] is None or row["expires_at"] > now) else None


class ApiKeyQueries:
    """Reads API keys that are not revoked."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def page(self, user_id: int | None, after: Position | None, limit: int) -> Slice[Row]:
        """Keys of a user, or of all users, newest first."""
        read = _PAGES[user_id is not None, after is not None]
        owner = {} if user_id is None else {"user_id": user_id}
        rows = await self._reads.all(read, limit=limit + 1, **owner, **bind_params(after))
        return page_from_rows(rows, limit, lambda row: (row["id"],))

    async def get(self, user_id: int, uid: UUID) -> Row | None:
        return await self._reads.one(_ONE, user_id=user_id, uid=uid)


class ConsumerQueries:
    """Resolves the uids of consumers in metrics and logs to keys and users, also revoked and deactivated ones."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def find(self, consumers: Iterable[str]) -> dict[str, ConsumerView]:
        """The consumers with these uids. Other values of the label, such as ``anonymous``, are skipped."""
        uids = {uid for consumer in consumers if (uid := _uid(consumer)) is not None}
        keys = await self._reads.all(_KEY_CONSUMERS, **{KEYS: list(uids)})
        now = utc_now()
        found = {row["consumer"]: ConsumerView.from_row(row, ApiKeyView.from_row(row, now)) for row in keys}
        if others := uids - found.keys():
            users = await self._reads.all(_USER_CONSUMERS, **{KEYS: list(others)})
            found |= {row["consumer"]: ConsumerView.from_row(row) for row in users}
        return {str(uid): consumer for uid, consumer in found.items()}


def _uid(consumer: str) -> UUID | None:
    try:
        uid = UUID(consumer)
    except ValueError:
        return None
    # UUID also accepts braces, "urn:uuid:" and upper case.
    return uid if str(uid) == consumer else None
