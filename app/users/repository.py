"""Every statement of the users feature."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, String, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from app.access.principal import Role
from app.errors import Conflict
from app.kit.db.errors import UNIQUE_VIOLATION, sqlstate
from app.kit.db.keyset import Position, Slice, cut, ordered, parameters
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.db.statements import Read
from app.models import Session, User
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
_FIRST_PAGE: Final = Read(ordered(select(*_COLUMNS), _KEYS, after=False))
_NEXT_PAGE: Final = Read(ordered(select(*_COLUMNS), _KEYS, after=True))
_SAME_EMAIL: Final = func.lower(User.email) == func.lower(bindparam("email", type_=String))
_CREDENTIALS: Final = Read(select(*_COLUMNS, User.password_hash).where(_SAME_EMAIL))


class EmailTaken(Conflict):
    code = "email_taken"
    detail = "This e-mail address is already registered."


class UserQueries:
    """Reads accounts; one statement each."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def get(self, ref: UserRef) -> UserView | None:
        row = await self._reads.one(_BY_ID if isinstance(ref, int) else _BY_UID, ref=ref)
        return None if row is None else UserView.read(row)

    async def offset_page(self, skip: int, limit: int) -> list[UserView]:
        return [UserView.read(row) for row in await self._reads.all(_OFFSET_PAGE, skip=skip, limit=limit)]

    async def count(self) -> int:
        total: int = await self._reads.scalar(_COUNT)
        return total

    async def page(self, after: Position | None, limit: int) -> Slice[UserView]:
        read = _FIRST_PAGE if after is None else _NEXT_PAGE
        rows = await self._reads.all(read, limit=limit + 1, **parameters(after))
        users = [UserView.read(row) for row in rows]
        return cut(users, limit, lambda user: (user.id,))

    async def credentials(self, email: str) -> tuple[UserView, str] | None:
        """The account with this address and its password hash."""
        row = await self._reads.one(_CREDENTIALS, email=email)
        return None if row is None else (UserView.read(row), row[-1])


class UserRepository:
    """Accounts as one transaction sees and changes them."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, user: User) -> None:
        """Raises ``EmailTaken``; the transaction can go on all the same."""
        try:
            async with self._session.savepoint():
                self._session.add(user)
                await self._session.flush()
        except IntegrityError as error:
            raise _translate(error) from error

    async def save(self) -> None:
        """Write what changed now. Raises ``EmailTaken``."""
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise _translate(error) from error

    async def locked(self, ref: UserRef) -> User | None:
        """The account, with its row locked until the transaction ends."""
        column = User.id if isinstance(ref, int) else User.uid
        return await self._first(select(User).where(column == ref))

    async def locked_by_email(self, email: str) -> User | None:
        return await self._first(select(User).where(func.lower(User.email) == func.lower(email)))

    async def delete(self, user: User) -> None:
        await self._session.delete(user)
        await self._session.flush()

    async def lock_admins(self) -> set[int]:
        """The ids of all active admins; until the transaction ends nobody else can change one."""
        rows = await self._session.scalars(
            select(User.id)
            .where(User.roles.contains([Role.ADMIN.value]), User.is_active)
            .order_by(User.id)
            .with_for_update()
        )
        return set(rows)

    async def end_sessions(self, user_id: int, now: datetime, *, but: UUID | None = None) -> None:
        """Revoke every session of a user, except the one given."""
        statement = (
            update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None)).values(revoked_at=now)
        )
        await self._session.execute(statement if but is None else statement.where(Session.uid != but))

    async def _first(self, statement: Select[User]) -> User | None:
        found: User | None = await self._session.scalar(
            statement.with_for_update().execution_options(populate_existing=True)
        )
        return found


def _translate(error: IntegrityError) -> Exception:
    return EmailTaken() if sqlstate(error) == UNIQUE_VIOLATION else error
