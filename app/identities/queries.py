"""Reads of identities."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession, Row
from app.kit.db.statements import Read
from app.models import Identity, IdentityConfirmation, User

_OWN: Final = select(
    Identity.id, Identity.uid, Identity.provider, Identity.email, Identity.created_at, Identity.last_used_at
).where(Identity.user_id == bindparam("user_id"))
_KEYS: Final = ((Identity.id, True),)
_FIRST_PAGE: Final = Read(apply_keyset(_OWN, _KEYS, after=False))
_NEXT_PAGE: Final = Read(apply_keyset(_OWN, _KEYS, after=True))
_ONE: Final = Read(_OWN.where(Identity.uid == bindparam("uid")))
_CONFIRMATION: Final = Read(
    select(
        IdentityConfirmation.uid,
        IdentityConfirmation.provider,
        IdentityConfirmation.network,
        IdentityConfirmation.created_at,
        IdentityConfirmation.expires_at,
        User.email,
    )
    .join(User, User.id == IdentityConfirmation.user_id)
    .where(IdentityConfirmation.uid == bindparam("uid"), IdentityConfirmation.expires_at > bindparam("now"))
)
_ADDRESS: Final = Read(select(User.email).where(User.uid == bindparam("uid")))


class IdentityQueries:
    """Reads identities of a user, and the rows that the mail jobs need."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def page(self, user_id: int, after: Position | None, limit: int) -> Slice[Row]:
        read = _FIRST_PAGE if after is None else _NEXT_PAGE
        rows = await self._reads.all(read, user_id=user_id, limit=limit + 1, **bind_params(after))
        return page_from_rows(rows, limit, lambda row: (row["id"],))

    async def get(self, user_id: int, uid: UUID) -> Row | None:
        return await self._reads.one(_ONE, user_id=user_id, uid=uid)

    async def confirmation(self, uid: UUID, now: datetime) -> Row | None:
        """A confirmation that has not expired, with the address of its user."""
        return await self._reads.one(_CONFIRMATION, uid=uid, now=now)

    async def address(self, user_uid: UUID) -> str | None:
        found: str | None = await self._reads.scalar(_ADDRESS, uid=user_uid)
        return found
