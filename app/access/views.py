"""Output of the access feature."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key without its digest."""

    name: str
    hint: str
    plan: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "KeyView":
        """Build the view from a row with a column for each field."""
        return cls(
            name=row["name"],
            hint=row["hint"],
            plan=row["plan"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
            last_used_at=row["last_used_at"],
        )


@dataclass(frozen=True, slots=True)
class ConsumerView:
    """A consumer by the uid in metrics and logs: a user, or one of their API keys."""

    uid: UUID
    user_id: int
    display_name: str
    email: str
    is_active: bool
    key: KeyView | None

    @classmethod
    def from_row(cls, row: Row, key: KeyView | None = None) -> "ConsumerView":
        """Build the view from a row with a column for each other field."""
        return cls(
            uid=row["consumer"],
            user_id=row["user_id"],
            display_name=row["display_name"],
            email=row["email"],
            is_active=row["is_active"],
            key=key,
        )
