"""Output of the users feature."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access.principal import Role
from app.kit.db.sessions import Row
from app.models import User

UserRef = int | UUID
"""Refers to a user by the sequential id or by the uid."""


@dataclass(frozen=True, slots=True)
class UserView:
    """A user without the password hash."""

    id: int
    uid: UUID
    email: str
    display_name: str
    roles: tuple[Role, ...]
    is_active: bool
    is_verified: bool
    revision: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_entity(cls, source: User) -> "UserView":
        """Build the view from an entity of the current transaction."""
        return cls(
            id=source.id,
            uid=source.uid,
            email=source.email,
            display_name=source.display_name,
            roles=tuple(Role(role) for role in source.roles),
            is_active=source.is_active,
            is_verified=source.is_verified,
            revision=source.revision,
            created_at=source.created_at,
            updated_at=source.updated_at,
        )

    @classmethod
    def from_row(cls, row: Row) -> "UserView":
        """Build the view from a row with a column for each field."""
        return cls(
            id=row["id"],
            uid=row["uid"],
            email=row["email"],
            display_name=row["display_name"],
            roles=tuple(Role(role) for role in row["roles"]),
            is_active=row["is_active"],
            is_verified=row["is_verified"],
            revision=row["revision"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )
