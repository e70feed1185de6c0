"""Input of the use cases of users."""

from dataclasses import dataclass, field

from app.access.principal import Role
from app.kit.unset import UNSET, Unset


@dataclass(frozen=True, slots=True)
class UserDraft:
    """A user to create. The password is plain text and is hashed by the service."""

    email: str
    password: str = field(repr=False)
    display_name: str
    roles: tuple[Role, ...] = (Role.AUTHOR,)


@dataclass(frozen=True, slots=True)
class UserEdit:
    """The fields to change; ``UNSET`` fields stay as they are."""

    display_name: str | Unset = UNSET
    email: str | Unset = UNSET
    is_active: bool | Unset = UNSET
    password: str | Unset = field(default=UNSET, repr=False)
    current_password: str | None = field(default=None, repr=False)
    """The caller's own password, as proof of identity."""
