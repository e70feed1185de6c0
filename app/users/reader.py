"""Use cases that read users."""

from app.access.principal import Principal
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession
from app.users.errors import UserNotFound
from app.users.policy import UserPermission, ensure_may_read
from app.users.queries import UserQueries
from app.users.views import UserRef, UserView


class UserReader:
    """Reads users on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._queries = UserQueries(reads)
        self._principal = principal

    async def me(self) -> UserView:
        """The caller's own user."""
        self._principal.require(UserPermission.READ_PROFILE)
        return await self._get(self._principal.signed_in().user_id)

    async def get(self, ref: UserRef) -> UserView:
        """One user. Raises ``UserNotFound``."""
        ensure_may_read(self._principal, ref)
        return await self._get(ref)

    async def page(self, after: Position | None, limit: int) -> Slice[UserView]:
        """All users, oldest first."""
        self._principal.require(UserPermission.READ)
        return await self._queries.page(after, limit)

    async def offset_page(self, skip: int, limit: int) -> list[UserView]:
        """All users, oldest first, without the first ``skip``."""
        self._principal.require(UserPermission.READ)
        return await self._queries.offset_page(skip, limit)

    async def count(self) -> int:
        """The number of users."""
        self._principal.require(UserPermission.READ)
        return await self._queries.count()

    async def _get(self, ref: UserRef) -> UserView:
        if (user := await self._queries.get(ref)) is None:
            raise UserNotFound
        return user
