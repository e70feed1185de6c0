"""Output of the identities feature."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.auth.views import TokenPair
from app.kit.db.sessions import Row


@dataclass(frozen=True, slots=True)
class IdentityView:
    """One of the caller's identities."""

    uid: UUID
    provider: str
    email: str | None
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "IdentityView":
        """Build the view from a row of ``IdentityQueries``."""
        return cls(
            uid=row["uid"],
            provider=row["provider"],
            email=row["email"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
        )


@dataclass(frozen=True, slots=True)
class StartedFlow:
    """Where the browser goes, and the value of its cookie."""

    url: str = field(repr=False)
    browser: str = field(repr=False)
    expires_at: datetime


class Completion(StrEnum):
    """What a finished visit achieved."""

    SIGNED_IN = "signed_in"
    LINKED = "linked"
    REAUTHENTICATED = "reauthenticated"


@dataclass(frozen=True, slots=True)
class Completed:
    """The outcome of a visit: tokens in JSON, or the page to which the browser returns."""

    completion: Completion
    tokens: TokenPair | None = field(default=None, repr=False)
    location: str | None = field(default=None, repr=False)
