"""The guard of this process, from its settings."""

from app.kit.egress.addresses import LOOPBACK, AllowedAddresses
from app.kit.egress.destinations import Guard
from app.settings.egress import EgressSettings
from app.settings.root import Settings


def open_guard(settings: Settings) -> Guard:
    """Which URLs of users requests may reach. Development also allows http, and loopback addresses by default."""
    allowed = settings[EgressSettings].allow
    if allowed is None:
        allowed = [] if settings.production else list(LOOPBACK)
    return Guard(AllowedAddresses(allowed), insecure=not settings.production)
