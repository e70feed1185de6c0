"""Permissions on users, roles, credentials and API keys, and the scopes that a user may grant.

``users:write`` is declared here and not with the users feature, because roles and users share an administrator.
"""

from collections.abc import Collection
from typing import Final

from app.access.errors import ScopeNotGranted, UnknownScope
from app.access.permissions import Permission, key_scopes
from app.access.principal import Principal
from app.errors import FieldError


class AccessPermission(Permission):
    WRITE_USERS = "users:write"
    WRITE_ROLES = "roles:write"
    WRITE_CREDENTIALS = "credentials:write"
    ADMINISTER_KEYS = "keys:admin"


SESSION_PERMISSIONS: Final = frozenset({AccessPermission.WRITE_CREDENTIALS, AccessPermission.ADMINISTER_KEYS})
"""Permissions that no API key can have: a key could otherwise obtain all permissions of its owner."""


def ensure_scopes_grantable(principal: Principal, scopes: Collection[str]) -> None:
    """Raise ``UnknownScope`` or ``ScopeNotGranted`` unless every scope is a permission of the caller."""
    known = {scope.value: scope for scope in key_scopes()}
    for index, scope in enumerate(scopes):
        error = UnknownScope if scope not in known else ScopeNotGranted
        if scope not in known or not principal.may(known[scope]):
            raise error(fields=[FieldError(("scopes", index), error.code, error.detail)])
