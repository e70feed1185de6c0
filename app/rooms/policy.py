"""Who may enter rooms and write there, the same for all versions."""

from app.access.permissions import Permission
from app.access.principal import Principal, SignedIn


class RoomPermission(Permission):
    READ = "rooms:read"
    WRITE = "rooms:write"


def ensure_may_enter(principal: Principal) -> SignedIn:
    """The caller. Raises ``Unauthenticated`` or ``InsufficientPermissions``."""
    principal.require(RoomPermission.READ)
    return principal.signed_in()


def ensure_may_publish(principal: Principal) -> SignedIn:
    """As ``ensure_may_enter``."""
    principal.require(RoomPermission.WRITE)
    return principal.signed_in()
