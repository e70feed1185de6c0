"""Permissions on users, roles and API keys, and who may change an API key.

``users:write`` is declared here and not with the users feature, because it extends to the API keys of other users.
"""

from typing import Final

from app.access.permissions import Permission
from app.access.principal import Principal


class AccessPermission(Permission):
    WRITE_USERS = "users:write"
    WRITE_ROLES = "roles:write"
    WRITE_CREDENTIALS = "credentials:write"


SESSION_PERMISSIONS: Final = frozenset({AccessPermission.WRITE_CREDENTIALS})
"""Permissions that no API key can have: a key could otherwise obtain all permissions of its owner."""


def key_owner_filter(principal: Principal) -> int | None:
    """The only user whose API keys the caller may change; None: every user's. Raises ``Unauthenticated``."""
    return None if principal.may(AccessPermission.WRITE_USERS) else principal.signed_in().user_id
