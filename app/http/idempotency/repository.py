"""Stored responses for repeated requests."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.locks import try_lock
from app.kit.db.sessions import WriteSession
from app.models.idempotency import IdempotencyRecord


class IdempotencyRepository:
    """Reads and writes stored responses within one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def try_lock(self, scope: bytes) -> bool:
        """Lock the scope until the transaction ends; false when another transaction has locked it."""
        return await try_lock(self._session, "idempotency", scope)

    async def find(self, scope: bytes, now: datetime) -> tuple[bytes, bytes] | None:
        """The fingerprint of the request and its encrypted response, unless they have expired."""
        row = (
            await self._session.execute(
                select(IdempotencyRecord.fingerprint, IdempotencyRecord.sealed_response).where(
                    IdempotencyRecord.scope == scope, IdempotencyRecord.expires_at > now
                )
            )
        ).first()
        return None if row is None else (row[0], row[1])

    async def keep(
        self, scope: bytes, fingerprint: bytes, sealed_response: bytes, now: datetime, expires_at: datetime
    ) -> None:
        """Store a response; it replaces an expired one."""
        values = {
            "fingerprint": fingerprint,
            "sealed_response": sealed_response,
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
