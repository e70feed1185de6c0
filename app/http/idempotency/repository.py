"""Stored responses for repeated requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.locks import try_lock
from app.kit.db.sessions import WriteSession
from app.models.idempotency import IdempotencyRecord


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """An encrypted response, with the fingerprint of its request and the permissions that the request had."""

    fingerprint: bytes
    sealed: bytes
    permissions: Sequence[str]


class IdempotencyRepository:
    """Reads and writes stored responses within one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def try_lock(self, scope: bytes) -> bool:
        """Lock the scope until the transaction ends; false when another transaction has locked it."""
        return await try_lock(self._session, "idempotency", scope)

    async def find(self, scope: bytes, now: datetime) -> StoredResponse | None:
        """The stored response, unless it has expired."""
        columns = IdempotencyRecord.fingerprint, IdempotencyRecord.sealed_response, IdempotencyRecord.permissions
        row = (
            await self._session.execute(
                select(*columns).where(IdempotencyRecord.scope == scope, IdempotencyRecord.expires_at > now)
            )
        ).first()
        return None if row is None else StoredResponse(*row)

    async def keep(self, scope: bytes, stored: StoredResponse, now: datetime, expires_at: datetime) -> None:
        """Store a response; it replaces an expired one."""
        values = {
            "fingerprint": stored.fingerprint,
            "sealed_response": stored.sealed,
            "permissions": stored.permissions,
            "created_at": now,
            "expires_at": expires_at,
        }
        statement = insert(IdempotencyRecord).values(scope=scope, **values)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=[IdempotencyRecord.scope], set_=values)
        )

    async def purge(self, now: datetime) -> int:
        """Delete expired responses, and return their number."""
        result = await self._session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.expires_at <= now).returning(IdempotencyRecord.scope)
        )
        return len(result.all())
