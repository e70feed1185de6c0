"""Reads of users."""

from typing import Final

from sqlalchemy import String, bindparam, func, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.kit.mail.address import canonical_address
from app.models import User
from app.users.addresses import with_address
from app.users.views import UserRef, UserView

_COLUMNS: Final = (
    User.id,
    User.uid,
    User.email,
    User.display_name,
    User.roles,
    User.is_active,
    User.is_verified,
    User.revision,
    User.created_at,
    User.updated_at,
)
_BY_ID: Final = Read(select(*_COLUMNS).where(User.id == bindparam("ref")))
_BY_UID: Final = Read(select(*_COLUMNS).where(User.uid == bindparam("ref")))
_OFFSET_PAGE: Final = Read(select(*_COLUMNS).order_by(User.id).offset(bindparam("skip")).limit(bindparam("limit")))
_COUNT: Final = Read(select(func.count()).select_from(User))
_KEYS: Final = ((User.id, False),)
_FIRST_PAGE: Final = Read(apply_keyset(select(*_COLUMNS), _KEYS, after=False))
_NEXT_PAGE: Final = Read(apply_keyset(select(*_COLUMNS), _KEYS, after=True))
_CREDENTIALS: Final = Read(
    with_address(
        select(*_COLUMNS, User.password_hash), bindparam("email", type_=String), bindparam("canonical", type_=String)
    )
)
_OWN_CREDENTIALS: Final = Read(select(*_COLUMNS, User.password_hash).where(User.id == bindparam("user_id")))


class UserQueries:
    """Reads users, with one statement each."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def get(self, ref: UserRef) -> UserView | None:
        row = await self._reads.one(_BY_ID if isinstance(ref, int) else _BY_UID, ref=ref)
        return None if row is None else UserView.from_row(row)

    async def offset_page(self, skip: int, limit: int) -> list[UserView]:
        return [UserView.from_row(row) for row in await self._reads.all(_OFFSET_PAGE, skip=skip, limit=limit)]

    async def count(self) -> int:
        total: int = await self._reads.scalar(_COUNT)
        return total

    async def page(self, after: Position | None, limit: int) -> Slice[UserView]:
        read = _FIRST_PAGE if after is None else _NEXT_PAGE
        rows = await self._reads.all(read, limit=limit + 1, **bind_params(after))
        users = [UserView.from_row(row) for row in rows]
        return page_from_rows(users, limit, lambda user: (user.id,))

    async def credentials(self, email: str) -> tuple[UserView, str | None] | None:
        """The user with this e-mail address and their password hash, if they have a password."""
        row = await self._reads.one(_CREDENTIALS, email=email, canonical=canonical_address(email))
        return None if row is None else (UserView.from_row(row), row["password_hash"])

    async def own_credentials(self, user_id: int) -> tuple[UserView, str | None] | None:
        """The user with this id and their password hash, if they have a password."""
        row = await self._reads.one(_OWN_CREDENTIALS, user_id=user_id)
        return None if row is None else (UserView.from_row(row), row["password_hash"])
