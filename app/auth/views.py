"""Output of the auth feature."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of a session. ``expires_in`` is the lifetime of the access token in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scope: str
    """The permissions behind the access token, separated by spaces (RFC 6749, section 3.3)."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session of the caller; ``current`` marks the session of this request."""

    uid: UUID
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool

    @classmethod
    def from_row(cls, row: Row, current: UUID | None) -> "SessionView":
        """Build the view from a row of ``AuthQueries``; ``current`` is the uid of the request's session."""
        return cls(
            uid=row["uid"],
            user_agent=row["user_agent"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            expires_at=row["expires_at"],
            current=row["uid"] == current,
        )
