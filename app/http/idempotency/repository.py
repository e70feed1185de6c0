"""Answers kept for repeated requests."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.locks import try_lock
from app.kit.db.sessions import WriteSession
from app.models.idempotency import IdempotencyRecord


class IdempotencyRepository:
    """Records as one transaction sees and writes them."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def try_lock(self, scope: bytes) -> bool:
        """Whether no other transaction works under this scope; held until the transaction ends."""
        return await try_lock(self._session, "idempotency", scope)

    async def find(self, scope: bytes, now: datetime) -> tuple[bytes, bytes] | None:
        """Fingerprint and sealed response of an answer that is still kept."""
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
        """Keep an answer, in the place of one that has expired."""
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
        """Forget what has expired; how many records that were."""
        result = await self._session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.expires_at <= now).returning(IdempotencyRecord.scope)
        )
        return len(result.all())
