"""Use cases that create, change and delete users."""

from collections.abc import Iterable

from app.access.events import RevocationReason
from app.access.passwords import PasswordHasher
from app.access.policy import AccessPermission
from app.access.principal import Principal, Role, SignedIn
from app.access.proof import IdentityProof
from app.access.revocation import SessionRevocation
from app.access.user_deletion import BeforeDeletion
from app.events.audit import target
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.job_queue import JobQueue
from app.kit.revisions import ExpectedRevisions, ensure_expected
from app.kit.unset import UNSET
from app.models import User
from app.users.commands import UserDraft, UserEdit
from app.users.errors import LastAdmin, UserNotFound
from app.users.events import AUDITED_CHANGES, UserCreated, UserDeleted, UserRolesChanged, UserUpdated, subject_of
from app.users.job_names import ADDRESS_CHANGED
from app.users.policy import UserPermission, ensure_may_delete, ensure_may_edit, is_self
from app.users.repository import UserRepository
from app.users.views import UserRef, UserView


class UserService:
    """Changes users on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(
        self,
        session: WriteSession,
        principal: Principal,
        events: EventRecorder,
        jobs: JobQueue,
        passwords: PasswordHasher,
        proof: IdentityProof,
        before_deletion: BeforeDeletion,
    ) -> None:
        self._repository = UserRepository(session)
        self._sessions = SessionRevocation(session, events)
        self._principal = principal
        self._events = events
        self._jobs = jobs
        self._passwords = passwords
        self._proof = proof
        self._before_deletion = before_deletion

    async def create(self, draft: UserDraft) -> UserView:
        """Create a user whose e-mail address counts as verified. Raises ``EmailTaken``."""
        self._principal.require(AccessPermission.WRITE_USERS)
        self._principal.require(UserPermission.READ)
        hashed = await self._passwords.hash(draft.password)
        now = utc_now()
        user = User(
            email=draft.email,
            display_name=draft.display_name,
            password_hash=hashed,
            roles=[role.value for role in draft.roles],
            is_verified=True,
            created_at=now,
            updated_at=now,
        )
        await self._repository.add(user)
        self._events.record(UserCreated(subject=subject_of(user), roles=user.roles))
        return UserView.from_entity(user)

    async def edit(self, ref: UserRef, edit: UserEdit, expected: ExpectedRevisions = None) -> UserView:
        """Change the given fields of a user.

        E-mail address and activity can only be changed with ``users:write``. A new password or e-mail address needs
        fresh proof of the caller's identity. A new password and a deactivation revoke the user's sessions, except the
        session in which users change their own password. A new address is not verified until its owner uses the token
        that is mailed to it.

        Raises ``NotYourAccount``, ``UserNotFound``, ``EmailTaken``, ``LastAdmin``, ``RevisionConflict``, and as
        ``IdentityProof`` does.
        """
        ensure_may_edit(self._principal, ref)
        if edit.password is not UNSET:
            await self._proof.ensure(self._principal, edit.current_password)
        hashed = UNSET if edit.password is UNSET else await self._passwords.hash(edit.password)
        if edit.is_active is False:
            # A caller is active, so this changes the caller's own user, too. Permissions are checked before the guard.
            self._principal.require(AccessPermission.WRITE_USERS)
        may_end_admin = edit.is_active is False or (
            edit.email is not UNSET and self._principal.may(AccessPermission.WRITE_USERS)
        )
        admins = await self._repository.lock_admins(ref) if may_end_admin else set()
        user = await self._lock(ref)
        ensure_expected(user.uid, user.revision, expected)
        unproven = await self._ensure_may_change_address(user, edit)
        if (unproven or edit.is_active is False) and admins == {user.id}:
            raise LastAdmin
        changed = self._apply(user, edit)
        if unproven:
            user.is_verified = False
        if hashed is not UNSET:
            user.password_hash = hashed
            changed.append("password")
        if not changed:
            return UserView.from_entity(user)
        now = user.updated_at = utc_now()
        await self._repository.save()
        if unproven:
            await self._repository.revoke_mailed_tokens(user.id, now)
            await self._jobs.enqueue(ADDRESS_CHANGED, {"user": str(user.uid)})
        deactivated = "is_active" in changed and not user.is_active
        if hashed is not UNSET or deactivated:
            stays = user.is_active and is_self(self._principal, ref)
            current = self._principal.session_uid if stays else None
            reason = RevocationReason.USER_DEACTIVATED if deactivated else RevocationReason.PASSWORD_CHANGED
            await self._sessions.revoke_all(SignedIn(user.id, user.uid), reason, now, but=current)
        self._record_update(user, changed)
        return UserView.from_entity(user)

    async def change_password(self, current: str | None, new: str) -> None:
        """Set the caller's password and revoke the caller's other sessions. Raises as ``IdentityProof`` does.

        Without the current password, which a user of a provider may not have, the session must be fresh.
        """
        await self._proof.ensure(self._principal, current)
        hashed = await self._passwords.hash(new)
        user = await self._lock(self._principal.signed_in().user_id)
        user.password_hash = hashed
        now = user.updated_at = utc_now()
        await self._repository.save()
        await self._sessions.revoke_all(
            SignedIn(user.id, user.uid), RevocationReason.PASSWORD_CHANGED, now, but=self._principal.session_uid
        )
        self._record_update(user, ["password"])

    async def set_roles(self, ref: UserRef, roles: Iterable[Role], expected: ExpectedRevisions = None) -> UserView:
        """Replace the roles of a user. Raises ``LastAdmin``, ``UserNotFound``, ``RevisionConflict``."""
        self._principal.require(AccessPermission.WRITE_ROLES)
        self._principal.require(UserPermission.READ)
        wanted = [role.value for role in Role if role in set(roles)]
        user = await (self._lock(ref) if Role.ADMIN.value in wanted else self._lock_unless_last_admin(ref))
        ensure_expected(user.uid, user.revision, expected)
        if user.roles != wanted:
            user.roles = wanted
            user.updated_at = utc_now()
            await self._repository.save()
            self._events.record(UserRolesChanged(subject=subject_of(user), roles=wanted, revision=user.revision))
        return UserView.from_entity(user)

    async def delete(self, ref: UserRef, expected: ExpectedRevisions = None) -> None:
        """Delete a user with their posts, sessions and keys.

        Raises ``UserNotFound``, ``LastAdmin``, ``RevisionConflict``, and what other features raise to prevent it.
        """
        ensure_may_delete(self._principal, ref)
        await self._delete(ref, expected)

    async def delete_as_admin(self, ref: UserRef) -> None:
        """Delete a user; needs ``users:delete`` even for the caller's own. Raises ``UserNotFound``, ``LastAdmin``."""
        self._principal.require(UserPermission.DELETE)
        await self._delete(ref, None)

    async def _delete(self, ref: UserRef, expected: ExpectedRevisions) -> None:
        user = await self._lock_unless_last_admin(ref)
        ensure_expected(user.uid, user.revision, expected)
        await self._before_deletion(SignedIn(user.id, user.uid))
        await self._repository.delete(user)
        self._events.record(UserDeleted(subject=subject_of(user)))

    async def _ensure_may_change_address(self, user: User, edit: UserEdit) -> bool:
        """Return whether the address becomes another one, rather than another spelling."""
        if edit.email is UNSET or edit.email == user.email:
            return False
        self._principal.require(AccessPermission.WRITE_USERS)
        if edit.password is UNSET:
            await self._proof.ensure(self._principal, edit.current_password)
        return canonical_address(edit.email) != canonical_address(user.email)

    def _apply(self, user: User, edit: UserEdit) -> list[str]:
        changed: list[str] = []
        if edit.display_name is not UNSET and edit.display_name != user.display_name:
            user.display_name = edit.display_name
            changed.append("display_name")
        if edit.email is not UNSET and edit.email != user.email:
            user.email = edit.email
            changed.append("email")
        if edit.is_active is not UNSET and edit.is_active != user.is_active:
            self._principal.require(AccessPermission.WRITE_USERS)
            user.is_active = edit.is_active
            changed.append("is_active")
        return changed

    def _record_update(self, user: User, changed: list[str]) -> None:
        self._events.record(UserUpdated(subject=subject_of(user), changed=changed, revision=user.revision))
        for field in changed:
            if field in AUDITED_CHANGES:
                detail = {"is_active": user.is_active} if field == "is_active" else {}
                self._events.audit.record(AUDITED_CHANGES[field], target("user", user.uid), detail)

    async def _lock_unless_last_admin(self, ref: UserRef) -> User:
        """The locked user. Raises ``LastAdmin`` for the only active admin: changes of admins wait for each other."""
        admins = await self._repository.lock_admins(ref)
        user = await self._lock(ref)
        if admins == {user.id}:
            raise LastAdmin
        return user

    async def _lock(self, ref: UserRef) -> User:
        if (user := await self._repository.lock(ref)) is None:
            raise UserNotFound
        return user
