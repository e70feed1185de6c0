"""All tables; importing this package completes the metadata."""

from app.models.api_key import ApiKey
from app.models.audit import AuditEvent
from app.models.base import Base
from app.models.event import Event
from app.models.idempotency import IdempotencyRecord
from app.models.identity import Identity, IdentityConfirmation, SignInCode, SignInFlow
from app.models.ledger import Account, Entry, Hold, Transfer
from app.models.pending_registration import PendingRegistration
from app.models.plan import Plan
from app.models.post import Post
from app.models.session import ActionToken, RefreshToken, Session
from app.models.usage import UsageDay
from app.models.user import RolePermission, User
from app.models.version import VersionBrownout, VersionConsent, VersionRetirement

__all__ = [
    "Account",
    "ActionToken",
    "ApiKey",
    "AuditEvent",
    "Base",
    "Entry",
    "Event",
    "Hold",
    "IdempotencyRecord",
    "Identity",
    "IdentityConfirmation",
    "PendingRegistration",
    "Plan",
    "Post",
    "RefreshToken",
    "RolePermission",
    "Session",
    "SignInCode",
    "SignInFlow",
    "Transfer",
    "UsageDay",
    "User",
    "VersionBrownout",
    "VersionConsent",
    "VersionRetirement",
]
