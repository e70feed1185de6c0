"""Who may read, change and delete a user, the same for all versions."""

from app.access.permissions import Permission
from app.access.policy import AccessPermission
from app.access.principal import Principal
from app.users.errors import NotYourAccount
from app.users.views import UserRef


class UserPermission(Permission):
    READ_PROFILE = "profile:read"
    WRITE_PROFILE = "profile:write"
    READ = "users:read"
    DELETE = "users:delete"


def is_self(principal: Principal, ref: UserRef) -> bool:
    """Whether the caller refers to their own user. Raises ``Unauthenticated``."""
    own = principal.signed_in()
    return ref in (own.user_id, own.user_uid)


def ensure_may_read(principal: Principal, ref: UserRef) -> None:
    """Users read themselves; ``users:read`` is needed for others."""
    principal.require(UserPermission.READ_PROFILE if is_self(principal, ref) else UserPermission.READ)


def ensure_may_edit(principal: Principal, ref: UserRef) -> None:
    """Users edit themselves; ``users:write`` is needed for others. Raises ``NotYourAccount``.

    The response shows the user, so the permission to read is needed, too.
    """
    own = is_self(principal, ref)
    if own:
        principal.require(UserPermission.WRITE_PROFILE)
    elif not principal.may(AccessPermission.WRITE_USERS):
        raise NotYourAccount
    principal.require(UserPermission.READ_PROFILE if own else UserPermission.READ)


def ensure_may_delete(principal: Principal, ref: UserRef) -> None:
    """Users delete themselves; ``users:delete`` is needed for others."""
    principal.require(UserPermission.WRITE_PROFILE if is_self(principal, ref) else UserPermission.DELETE)
