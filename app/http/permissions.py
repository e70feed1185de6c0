"""The permissions that an operation declares, checked before its body is read and a stored response is replayed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.access.principal import Principal
from app.errors import InsufficientPermissions, Unauthenticated

REQUIRED: Final = "x-required-permission"
"""The member of an operation's document that lists alternatives, each a list of permissions separated by spaces."""
Alternatives = Sequence[Sequence[str]]


def required_permissions(document: Mapping[str, Any] | None) -> Alternatives:
    """The alternatives of an operation; empty if it needs none. ``document`` is the route's ``openapi_extra``."""
    return tuple(tuple(text.split()) for text in (document or {}).get(REQUIRED, ()))


def ensure_permitted(principal: Principal, alternatives: Alternatives) -> None:
    """Raise ``Unauthenticated`` or ``InsufficientPermissions`` unless the caller has all permissions of an alternative.

    Services decide in the end: whether a caller acts on its own user is known only there.
    """
    held = principal.permissions
    for permissions in alternatives:
        if all(permission in held for permission in permissions):
            return
    if alternatives:
        if principal.anonymous:
            raise Unauthenticated
        raise InsufficientPermissions(*(permission for permission in alternatives[0] if permission not in held))
