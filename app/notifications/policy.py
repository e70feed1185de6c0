"""Who may read and send notifications, the same for all versions."""

from app.access.permissions import Permission
from app.access.principal import Principal


class NotificationPermission(Permission):
    READ = "notifications:read"
    WRITE = "notifications:write"
    SEND = "notifications:send"


def ensure_may_read(principal: Principal) -> int:
    """The id of the caller, whose notifications these are.

    Raises ``Unauthenticated`` or ``InsufficientPermissions``.
    """
    principal.require(NotificationPermission.READ)
    return principal.signed_in().user_id


def ensure_may_send(principal: Principal) -> None:
    """As ``ensure_may_mark``: the response shows the notification."""
    principal.require(NotificationPermission.SEND)
    principal.require(NotificationPermission.READ)


def ensure_may_mark(principal: Principal) -> int:
    """As ``ensure_may_read``. The response shows the notification, so the permission to read is needed, too."""
    principal.require(NotificationPermission.WRITE)
    return ensure_may_read(principal)
