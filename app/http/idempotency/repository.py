"""Stored responses for repeated requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import LargeBinary, and_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.locks import lock_ids, try_lock_column
from app.kit.db.sessions import WriteSession
from app.kit.db.statements import Read, Write
from app.models.idempotency import IdempotencyRecord


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """An encrypted response, with the fingerprint of its request and the permissions that the request had."""

    fingerprint: bytes
    sealed: bytes
    permissions: Sequence[str]


_RECORDS: Final = IdempotencyRecord.__table__
_LOCKED: Final = select(try_lock_column("purpose", "key")).subquery()
_LOCK_AND_FIND: Final = Read(
    select(
        _LOCKED.c.locked,
        IdempotencyRecord.fingerprint,
        IdempotencyRecord.sealed_response,
        IdempotencyRecord.permissions,
    ).select_from(
        _LOCKED.outerjoin(
            _RECORDS,
            and_(
                IdempotencyRecord.scope == bindparam("scope", type_=LargeBinary),
                IdempotencyRecord.expires_at > bindparam("now", type_=IdempotencyRecord.expires_at.type),
            ),
        )
    )
)
_VALUES: Final = {
    name: bindparam(name, type_=_RECORDS.c[name].type)
    for name in ("scope", "fingerprint", "sealed_response", "permissions", "created_at", "expires_at")
}
_INSERT: Final = insert(IdempotencyRecord).values(**_VALUES)
_KEEP: Final = Write(
    _INSERT.on_conflict_do_update(
        index_elements=[IdempotencyRecord.scope],
        set_={name: _INSERT.excluded[name] for name in _VALUES if name != "scope"},
        where=IdempotencyRecord.expires_at <= _INSERT.excluded.created_at,
    ).returning(IdempotencyRecord.created_at)
)


class IdempotencyRepository:
    """Reads and writes stored responses within one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock_and_find(self, scope: bytes, now: datetime) -> tuple[bool, StoredResponse | None]:
        """Lock the scope until the transaction ends, and read the stored response, unless it has expired.

        The first value is false when another transaction has locked it. One that ended while the statement ran may have
        stored a response that is not seen: ``keep`` finds it.
        """
        await self._session.driver()
        purpose, key = lock_ids("idempotency", scope)
        row = await self._session.read(_LOCK_AND_FIND, purpose=purpose, key=key, scope=scope, now=now)
        if row is None or not row["locked"]:
            return False, None
        stored = (row["fingerprint"], row["sealed_response"], row["permissions"])
        return True, None if row["fingerprint"] is None else StoredResponse(*stored)

    async def keep(self, scope: bytes, stored: StoredResponse, now: datetime, expires_at: datetime) -> bool:
        """Store a response with the last statement of the transaction; it replaces an expired one.

        Returns false if there is a valid one: the transaction must be rolled back.
        """
        values = {
            "fingerprint": stored.fingerprint,
            "sealed_response": stored.sealed,
            "permissions": stored.permissions,
            "created_at": now,
            "expires_at": expires_at,
        }
        return await self._session.finish(_KEEP, scope=scope, **values) is not None

    async def purge(self, now: datetime) -> int:
        """Delete expired responses, and return their number."""
        result = await self._session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.expires_at <= now).returning(IdempotencyRecord.scope)
        )
        return len(result.all())
