"""Writes of users."""

from datetime import datetime

from sqlalchemy import Select, and_, delete, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.access.principal import Role
from app.kit.db.errors import UNIQUE_VIOLATION, sqlstate
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.models import ActionToken, PendingRegistration, User
from app.users.addresses import with_address
from app.users.errors import EmailTaken
from app.users.views import UserRef


class UserRepository:
    """Users in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, user: User) -> None:
        """Insert a user. Raises ``EmailTaken``, after which the transaction is still usable."""
        try:
            async with self._session.savepoint():
                self._session.add(user)
                await self._session.flush()
        except IntegrityError as error:
            raise _translate(error) from error

    async def save(self) -> None:
        """Flush the changes. Raises ``EmailTaken``."""
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise _translate(error) from error

    async def lock(self, ref: UserRef) -> User | None:
        """The user; its row is locked until the transaction ends."""
        column = User.id if isinstance(ref, int) else User.uid
        return await self._lock_first(select(User).where(column == ref))

    async def lock_by_email(self, email: str) -> User | None:
        return await self._lock_first(with_address(select(User), literal(email), literal(canonical_address(email))))

    async def has_address(self, email: str) -> bool:
        """Whether a user has this address, in any spelling."""
        wanted = with_address(select(User.id), literal(email), literal(canonical_address(email)))
        return await self._session.scalar(wanted) is not None

    async def delete(self, user: User) -> None:
        """Delete a user with everything that names them, and pending registrations of the address.

        The others have foreign keys, which cascade; a pending registration has no user yet.
        """
        canonical = canonical_address(user.email)
        await self._session.execute(delete(PendingRegistration).where(PendingRegistration.email_canonical == canonical))
        await self._session.delete(user)
        await self._session.flush()

    async def lock_admins(self, ref: UserRef) -> set[int]:
        """The ids of all admins who can act: they are active and verified.

        Their rows and that of ``ref`` are locked until the transaction ends.

        One statement for all of them, since every transaction locks users in the order of their ids.
        """
        admin = and_(User.roles.contains([Role.ADMIN.value]), User.is_active, User.is_verified)
        named = (User.id if isinstance(ref, int) else User.uid) == ref
        rows = await self._session.execute(
            select(User.id, admin.label("admin")).where(or_(admin, named)).order_by(User.id).with_for_update()
        )
        return {row.id for row in rows if row.admin}

    async def revoke_mailed_tokens(self, user_id: int, now: datetime) -> None:
        """Invalidate every token that was mailed to a user: it proves their previous address."""
        await self._session.execute(
            update(ActionToken).where(ActionToken.user_id == user_id, ActionToken.used_at.is_(None)).values(used_at=now)
        )

    async def _lock_first(self, statement: Select[User]) -> User | None:
        found: User | None = await self._session.scalar(
            statement.with_for_update().execution_options(populate_existing=True)
        )
        return found


def _translate(error: IntegrityError) -> Exception:
    return EmailTaken() if sqlstate(error) == UNIQUE_VIOLATION else error
