"""Use cases of accounts, and the rules that both versions share."""

from collections.abc import Iterable

from app.access.passwords import PasswordHasher
from app.access.principal import Permission, Principal, Role
from app.errors import Conflict, Forbidden, NotFound
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.revisions import ExpectedRevisions, ensure_expected
from app.kit.unset import UNSET
from app.models import User
from app.users.commands import UserDraft, UserEdit
from app.users.events import UserCreated, UserDeleted, UserRolesChanged, UserUpdated
from app.users.repository import UserQueries, UserRepository
from app.users.views import UserRef, UserView


class UserNotFound(NotFound):
    code = "user_not_found"
    detail = "There is no such user."


class NotYourAccount(Forbidden):
    code = "not_your_account"
    detail = "You may not change another user's account."


class LastAdmin(Conflict):
    code = "last_admin"
    detail = "This is the last active admin: make another one first."


class UserReader:
    """Reads accounts on behalf of a caller."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._reads = UserQueries(reads)
        self._principal = principal

    async def me(self) -> UserView:
        """The caller's own account. Raises ``Unauthenticated``."""
        self._principal.require(Permission.PROFILE_READ)
        return await self._existing(self._principal.signed_in().user_id)

    async def get(self, ref: UserRef) -> UserView:
        """One's own account, or anyone's with ``users:read``. Raises ``InsufficientPermissions``, ``UserNotFound``."""
        own = self._principal.signed_in()
        if ref in (own.user_id, own.user_uid):
            return await self.me()
        self._principal.require(Permission.USERS_READ)
        return await self._existing(ref)

    async def page(self, after: Position | None, limit: int) -> Slice[UserView]:
        """All accounts, oldest first."""
        self._principal.require(Permission.USERS_READ)
        return await self._reads.page(after, limit)

    async def offset_page(self, skip: int, limit: int) -> list[UserView]:
        """All accounts, oldest first, from the ``skip``-th on."""
        self._principal.require(Permission.USERS_READ)
        return await self._reads.offset_page(skip, limit)

    async def count(self) -> int:
        """How many accounts there are."""
        self._principal.require(Permission.USERS_READ)
        return await self._reads.count()

    async def _existing(self, ref: UserRef) -> UserView:
        if (user := await self._reads.get(ref)) is None:
            raise UserNotFound
        return user


class UserService:
    """Changes accounts on behalf of a caller."""

    def __init__(
        self, session: WriteSession, principal: Principal, events: EventRecorder, passwords: PasswordHasher
    ) -> None:
        self._repository = UserRepository(session)
        self._principal = principal
        self._events = events
        self._passwords = passwords

    async def create(self, draft: UserDraft) -> UserView:
        """An account made by an administrator, who vouches for its address. Raises ``EmailTaken``."""
        self._principal.require(Permission.USERS_WRITE)
        now = utc_now()
        user = User(
            email=draft.email,
            display_name=draft.display_name,
            password_hash=await self._passwords.hash(draft.password),
            roles=[role.value for role in draft.roles],
            is_verified=True,
            created_at=now,
            updated_at=now,
        )
        await self._repository.add(user)
        self._events.record(UserCreated(subject=user.uid, roles=user.roles))
        return UserView.of(user)

    async def edit(self, ref: UserRef, edit: UserEdit, expected: ExpectedRevisions = None) -> UserView:
        """Change the given fields of one's own account, or of anyone's with ``users:write``.

        Address and activity are an administrator's to change. A new password, and deactivation, end the account's
        sessions (a new password of one's own spares the session that set it).

        Raises ``NotYourAccount``, ``UserNotFound``, ``InsufficientPermissions``, ``EmailTaken``, ``LastAdmin``,
        ``RevisionConflict``.
        """
        own = self._principal.signed_in()
        mine = ref in (own.user_id, own.user_uid)
        if not mine and not self._principal.may(Permission.USERS_WRITE):
            raise NotYourAccount
        self._principal.require(Permission.PROFILE_WRITE if mine else Permission.USERS_WRITE)
        hashed = UNSET if edit.password is UNSET else await self._passwords.hash(edit.password)
        if edit.is_active is False:
            await self._keep_an_admin(ref)
        user = await self._existing(ref)
        ensure_expected(user.revision, expected)
        changed = self._apply(user, edit)
        if hashed is not UNSET:
            user.password_hash = hashed
            changed.append("password")
        if not changed:
            return UserView.of(user)
        now = user.updated_at = utc_now()
        await self._repository.save()
        if hashed is not UNSET or not user.is_active:
            await self._repository.end_sessions(user.id, now, but=self._principal.session_uid if mine else None)
        self._events.record(UserUpdated(subject=user.uid, changed=changed))
        return UserView.of(user)

    async def set_roles(self, ref: UserRef, roles: Iterable[Role], expected: ExpectedRevisions = None) -> UserView:
        """Give an account exactly these roles. Raises ``LastAdmin``, ``UserNotFound``, ``RevisionConflict``."""
        self._principal.require(Permission.ROLES_WRITE)
        wanted = [role.value for role in Role if role in set(roles)]
        if Role.ADMIN.value not in wanted:
            await self._keep_an_admin(ref)
        user = await self._existing(ref)
        ensure_expected(user.revision, expected)
        if user.roles != wanted:
            user.roles = wanted
            user.updated_at = utc_now()
            await self._repository.save()
            self._events.record(UserRolesChanged(subject=user.uid, roles=wanted))
        return UserView.of(user)

    async def delete(self, ref: UserRef, expected: ExpectedRevisions = None) -> None:
        """Remove one's own account, or anyone's with ``users:delete``, with its posts, sessions and keys.

        Raises ``InsufficientPermissions``, ``UserNotFound``, ``LastAdmin``, ``RevisionConflict``.
        """
        own = self._principal.signed_in()
        mine = ref in (own.user_id, own.user_uid)
        self._principal.require(Permission.PROFILE_WRITE if mine else Permission.USERS_DELETE)
        await self._keep_an_admin(ref)
        await self._remove(ref, expected)

    async def delete_as_admin(self, ref: UserRef) -> None:
        """Remove any account; needs ``users:delete`` even for one's own."""
        self._principal.require(Permission.USERS_DELETE)
        await self._keep_an_admin(ref)
        await self._remove(ref, None)

    async def _remove(self, ref: UserRef, expected: ExpectedRevisions) -> None:
        user = await self._existing(ref)
        ensure_expected(user.revision, expected)
        await self._repository.delete(user)
        self._events.record(UserDeleted(subject=user.uid))

    def _apply(self, user: User, edit: UserEdit) -> list[str]:
        changed: list[str] = []
        if edit.display_name is not UNSET and edit.display_name != user.display_name:
            user.display_name = edit.display_name
            changed.append("display_name")
        if edit.email is not UNSET and edit.email != user.email:
            self._principal.require(Permission.USERS_WRITE)
            user.email = edit.email
            changed.append("email")
        if edit.is_active is not UNSET and edit.is_active != user.is_active:
            self._principal.require(Permission.USERS_WRITE)
            user.is_active = edit.is_active
            changed.append("is_active")
        return changed

    async def _keep_an_admin(self, ref: UserRef) -> None:
        """Refuse to lose the last admin; two who leave at once wait for each other."""
        admins = await self._repository.lock_admins()
        user = await self._existing(ref)
        if admins == {user.id}:
            raise LastAdmin

    async def _existing(self, ref: UserRef) -> User:
        if (user := await self._repository.locked(ref)) is None:
            raise UserNotFound
        return user
