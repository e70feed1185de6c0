"""What the users feature hands out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access.principal import Role
from app.kit.db.sessions import Row
from app.models import User

UserRef = int | UUID
"""A user by the sequential id or by the uid."""


@dataclass(frozen=True, slots=True)
class UserView:
    """An account without its password."""

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
    def of(cls, source: User) -> "UserView":
        """From the entity that a transaction changed."""
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
    def read(cls, row: Row) -> "UserView":
        """From a row whose first columns are in the order of the fields."""
        identity, uid, email, name, roles, *rest = row[: len(cls.__slots__)]
        return cls(identity, uid, email, name, tuple(Role(role) for role in roles), *rest)
