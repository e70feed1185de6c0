"""The caller of one request, as the services see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.errors import InsufficientPermissions, Unauthenticated


class Permission(StrEnum):
    """Everything a role or a key's scope can allow."""

    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    POSTS_MODERATE = "posts:moderate"
    POSTS_READ_ALL = "posts:read_all"
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    USERS_DELETE = "users:delete"
    ROLES_WRITE = "roles:write"


class Role(StrEnum):
    """What a person is here for. The permissions of each are rows of ``role_permissions``."""

    READER = "reader"
    AUTHOR = "author"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Plan(StrEnum):
    """What a consumer pays for."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. Anonymous ones have no user and may only read what is published."""

    user_id: int | None
    user_uid: UUID | None
    roles: tuple[Role, ...]
    permissions: frozenset[str]
    plan: Plan = Plan.FREE
    session_uid: UUID | None = None
    key_uid: UUID | None = None
    early_brownout_until: datetime | None = None
    """Until when deprecated versions are to refuse this caller's key, by its owner's wish."""

    @property
    def anonymous(self) -> bool:
        """Whether nobody signed in."""
        return self.user_id is None

    def may(self, permission: Permission) -> bool:
        """Whether roles and, with a key, its scopes allow this."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise ``Unauthenticated`` or ``InsufficientPermissions`` unless the caller may do this."""
        self.signed_in()
        if permission not in self.permissions:
            raise InsufficientPermissions(permission)

    def signed_in(self) -> "SignedIn":
        """The caller's own identifiers, or ``Unauthenticated``."""
        if self.user_id is None or self.user_uid is None:
            raise Unauthenticated
        return SignedIn(self.user_id, self.user_uid)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The identifiers of a caller who is somebody."""

    user_id: int
    user_uid: UUID


ANONYMOUS: Final = Principal(None, None, (), frozenset({Permission.POSTS_READ}))
