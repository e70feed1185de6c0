"""Output of the access feature."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.access.keys import Mode, mode_of, plan_of
from app.kit.db.sessions import Row
from app.models import ApiKey

KeyStatus = Literal["active", "rotated", "expired", "revoked"]
"""``rotated``: a successor replaces the key, whose requests are served until it expires."""


def status_of(
    revoked_at: datetime | None, expires_at: datetime | None, rotated_at: datetime | None, now: datetime
) -> KeyStatus:
    """The status of a key at a moment."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and expires_at <= now:
        return "expired"
    return "active" if rotated_at is None else "rotated"


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """An API key without its digest, and its owner."""

    uid: UUID
    owner_uid: UUID
    name: str
    hint: str
    scopes: Sequence[str]
    plan: str
    created_at: datetime
    expires_at: datetime | None
    rotated_at: datetime | None
    last_used_at: datetime | None
    early_brownout_until: datetime | None
    status: KeyStatus
    revoked_at: datetime | None = None

    @property
    def mode(self) -> Mode:
        """The mode, which the first characters of the key show."""
        return mode_of(self.hint)

    @classmethod
    def from_row(cls, row: Row, now: datetime) -> "ApiKeyView":
        """Build the view from a row with a column for each other field; the status is that of ``now``."""
        return cls(
            uid=row["uid"],
            owner_uid=row["owner_uid"],
            name=row["name"],
            hint=row["hint"],
            scopes=row["scopes"],
            plan=plan_of(row["hint"], row["plan"]),
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
            rotated_at=row["rotated_at"],
            last_used_at=row["last_used_at"],
            early_brownout_until=row["early_brownout_until"],
            status=status_of(row["revoked_at"], row["expires_at"], row["rotated_at"], now),
        )

    @classmethod
    def from_entity(cls, key: ApiKey, owner_uid: UUID, now: datetime) -> "ApiKeyView":
        """Build the view from a stored key and the uid of its owner; the status is that of ``now``."""
        return cls(
            uid=key.uid,
            owner_uid=owner_uid,
            name=key.name,
            hint=key.hint,
            scopes=key.scopes,
            plan=plan_of(key.hint, key.plan),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            rotated_at=key.rotated_at,
            last_used_at=key.last_used_at,
            early_brownout_until=key.early_brownout_until,
            status=status_of(key.revoked_at, key.expires_at, key.rotated_at, now),
        )


@dataclass(frozen=True, slots=True)
class ConsumerView:
    """A consumer by the uid in metrics and logs: a user, or one of their API keys."""

    uid: UUID
    user_id: int
    display_name: str
    email: str
    is_active: bool
    key: ApiKeyView | None

    @classmethod
    def from_row(cls, row: Row, key: ApiKeyView | None = None) -> "ConsumerView":
        """Build the view from a row with a column for each other field."""
        return cls(
            uid=row["consumer"],
            user_id=row["user_id"],
            display_name=row["display_name"],
            email=row["email"],
            is_active=row["is_active"],
            key=key,
        )
