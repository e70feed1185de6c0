"""The caller of one request, as services see it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from uuid import UUID

from app.access.permissions import Permission, public_permissions
from app.errors import InsufficientPermissions, Unauthenticated
from app.plans.names import DEFAULT, TEST


class Role(StrEnum):
    """A role of a user; it grants a set of permissions."""

    # The permissions of each role are rows of ``role_permissions``.

    READER = "reader"
    AUTHOR = "author"
    MODERATOR = "moderator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. An anonymous one has no user and only the public permissions."""

    user_id: int | None
    user_uid: UUID | None
    roles: tuple[Role, ...]
    permissions: frozenset[str]
    plan: str = DEFAULT
    """The name of the plan, which may not exist any more."""
    session_uid: UUID | None = None
    authenticated_at: datetime | None = None
    """When the user of a session last proved their identity."""
    key_uid: UUID | None = None
    key_family: UUID | None = None
    """The uid of the first key of a chain of rotations. All keys of the chain share usage and idempotency keys."""
    early_brownout_until: datetime | None = None
    """Until when deprecated versions reject this caller's API key, at the request of its owner."""

    @property
    def anonymous(self) -> bool:
        """Whether the caller is not signed in."""
        return self.user_id is None

    @property
    def may_move_money(self) -> bool:
        """Whether the caller may move money. A test key may not, even with the scope."""
        return self.plan != TEST

    def may(self, permission: Permission) -> bool:
        """Whether the roles and, with an API key, its scopes allow this."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise ``Unauthenticated`` or ``InsufficientPermissions`` unless the caller is signed in and may do this."""
        self.signed_in()
        self.ensure(permission)

    def ensure(self, permission: Permission) -> None:
        """Raise ``InsufficientPermissions`` unless the caller, who may be anonymous, may do this."""
        if permission not in self.permissions:
            raise InsufficientPermissions(permission)

    def signed_in(self) -> "SignedIn":
        """The caller's own identifiers. Raises ``Unauthenticated``."""
        if self.user_id is None or self.user_uid is None:
            raise Unauthenticated
        return SignedIn(self.user_id, self.user_uid)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The identifiers of a caller that is signed in."""

    user_id: int
    user_uid: UUID


@cache
def anonymous() -> Principal:
    """The principal of a request without credentials."""
    return Principal(None, None, (), public_permissions())
