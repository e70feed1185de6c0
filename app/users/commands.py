"""What callers ask of the users feature."""

from dataclasses import dataclass, field

from app.access.principal import Role
from app.kit.unset import ABSENT, Maybe


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

    display_name: Maybe[str] = ABSENT
    email: Maybe[str] = ABSENT
    is_active: Maybe[bool] = ABSENT
    password: Maybe[str] = field(default=ABSENT, repr=False)
