"""The permission to analyse whom a change would break."""

from app.access.permissions import Permission
from app.access.principal import Principal
from app.users.policy import UserPermission


class ImpactPermission(Permission):
    READ = "impact:read"


def ensure_may_analyse(principal: Principal) -> None:
    """Raise ``Unauthenticated`` or ``InsufficientPermissions``: an analysis shows users, too."""
    principal.require(ImpactPermission.READ)
    principal.require(UserPermission.READ)
