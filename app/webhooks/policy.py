"""Who may use webhooks: users see only their own endpoints."""

from app.access.permissions import Permission
from app.access.principal import Principal
from app.event_log.policy import EventPermission


class WebhookPermission(Permission):
    READ = "webhooks:read"
    WRITE = "webhooks:write"


def ensure_may_read(principal: Principal) -> int:
    """The id of the caller, whose endpoints these are. Raises ``Unauthenticated`` or ``InsufficientPermissions``."""
    principal.require(WebhookPermission.READ)
    return principal.signed_in().user_id


def ensure_may_delete(principal: Principal) -> int:
    """As ``ensure_may_read``."""
    principal.require(WebhookPermission.WRITE)
    return principal.signed_in().user_id


def ensure_may_write(principal: Principal) -> int:
    """As ``ensure_may_read``. Every other write shows an endpoint, so the permission to read is needed, too."""
    principal.require(WebhookPermission.WRITE)
    return ensure_may_read(principal)


def ensure_may_receive(principal: Principal) -> int:
    """As ``ensure_may_write``. An endpoint receives events, so a key without ``events:read`` cannot direct them."""
    user_id = ensure_may_write(principal)
    principal.require(EventPermission.READ)
    return user_id
