"""All tables; importing this package completes the metadata."""

from app.kit.db.privileges import Restrictions
from app.models.api_key import KEY_CONSUMER, KEY_FAMILY, ApiKey
from app.models.audit import AuditEvent
from app.models.base import APPEND_ONLY, READ_ONLY, Base
from app.models.event import Event, EventConsumer
from app.models.file import File
from app.models.idempotency import IdempotencyRecord
from app.models.identity import Identity, IdentityConfirmation, SignInCode, SignInFlow
from app.models.job import Job, JobProblem, ScheduleRun
from app.models.ledger import Account, Entry, Hold, Transfer
from app.models.notification import Notification
from app.models.pending_registration import PendingRegistration
from app.models.plan import Plan
from app.models.post import Post
from app.models.post_attachment import PostAttachment
from app.models.room import Room, RoomMessage, RoomPresence
from app.models.session import ActionToken, RefreshToken, Session
from app.models.usage import UsageDay, UsageElements, UsageFlush, UsageWatch, VersionConsumers
from app.models.user import RolePermission, User
from app.models.version import VersionBrownout, VersionConsent, VersionNotice, VersionRetirement
from app.models.webhook import Delivery, DeliveryAttempt, WebhookEndpoint, WebhookSecret


def restrictions() -> Restrictions:
    """The tables whose rows the role of the application must not change."""
    tables = Base.metadata.tables
    return Restrictions(
        append_only=frozenset(name for name, table in tables.items() if APPEND_ONLY in table.info),
        read_only=frozenset({"alembic_version", *(name for name, table in tables.items() if READ_ONLY in table.info)}),
    )


__all__ = [
    "KEY_CONSUMER",
    "KEY_FAMILY",
    "Account",
    "ActionToken",
    "ApiKey",
    "AuditEvent",
    "Base",
    "Delivery",
    "DeliveryAttempt",
    "Entry",
    "Event",
    "EventConsumer",
    "File",
    "Hold",
    "IdempotencyRecord",
    "Identity",
    "IdentityConfirmation",
    "Job",
    "JobProblem",
    "Notification",
    "PendingRegistration",
    "Plan",
    "Post",
    "PostAttachment",
    "RefreshToken",
    "RolePermission",
    "Room",
    "RoomMessage",
    "RoomPresence",
    "ScheduleRun",
    "Session",
    "SignInCode",
    "SignInFlow",
    "Transfer",
    "UsageDay",
    "UsageElements",
    "UsageFlush",
    "UsageWatch",
    "User",
    "VersionBrownout",
    "VersionConsent",
    "VersionConsumers",
    "VersionNotice",
    "VersionRetirement",
    "WebhookEndpoint",
    "WebhookSecret",
    "restrictions",
]
