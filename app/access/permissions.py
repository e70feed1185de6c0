"""The base class of permissions, and functions that collect those of all features."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from types import ModuleType

from app.kit.discovery import modules


class Permission(StrEnum):
    """The base of the permissions of one feature: an enumeration in its ``policy.py``.

    A value is stored in ``role_permissions`` and as the scope of an API key, so it is unique among all features.
    """


@cache
def declared_permissions() -> frozenset[Permission]:
    """Every permission of every feature."""
    return frozenset(permission for module in modules("app", "policy") for permission in _declared_in(module))


@cache
def public_permissions() -> frozenset[Permission]:
    """The permissions of callers that are not signed in: ``PUBLIC_PERMISSIONS`` of every feature that declares some."""
    return frozenset().union(*(getattr(module, "PUBLIC_PERMISSIONS", ()) for module in modules("app", "policy")))


@cache
def key_scopes() -> frozenset[Permission]:
    """The permissions that an API key can have: all but the ``SESSION_PERMISSIONS`` of every feature."""
    reserved = (getattr(module, "SESSION_PERMISSIONS", ()) for module in modules("app", "policy"))
    return declared_permissions().difference(*reserved)


def _declared_in(module: ModuleType) -> Iterator[Permission]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Permission) and value.__module__ == module.__name__:
            yield from value
