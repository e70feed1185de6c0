"""What callers ask of the users feature."""

from dataclasses import dataclass, field

from app.access.principal import Role
from app.kit.unset import UNSET, Unset


@dataclass(frozen=True, slots=True)
class UserDraft:
    """An account to be made. The password is in the clear and never leaves the service."""

    email: str
    password: str = field(repr=False)
    display_name: str
    roles: tuple[Role, ...] = (Role.AUTHOR,)


@dataclass(frozen=True, slots=True)
class UserEdit:
    """The fields to change; one that is absent stays as it is."""

    display_name: str | Unset = UNSET
    email: str | Unset = UNSET
    is_active: bool | Unset = UNSET
    password: str | Unset = field(default=UNSET, repr=False)
