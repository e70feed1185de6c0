"""Who may read events, the same for all versions, webhooks and streams."""

from app.access.permissions import Permission
from app.access.principal import Principal
from app.events.visibility import EVERYTHING, Viewer


class EventPermission(Permission):
    READ = "events:read"
    READ_ALL = "events:read_all"


def viewer_of(principal: Principal) -> Viewer:
    """Whose events the caller reads: public ones and their own, or all. Raises ``InsufficientPermissions``."""
    principal.require(EventPermission.READ)
    return EVERYTHING if principal.may(EventPermission.READ_ALL) else Viewer(principal.signed_in().user_uid)
