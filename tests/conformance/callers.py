"""The callers: anonymous, every role, and a key with fewer scopes than its owner; some with keys, some signed in."""

import json
from collections.abc import Callable, Mapping
from typing import Final

import httpx2

from app.access.principal import Role
from tests.support.dialects import DIALECTS
from tests.support.live import Strata, api_key
from tests.support.waiting import PATIENCE
from tests.support.wire import WIRE

SELF_REVOKING: Final = frozenset({"users.delete", "admin.delete_user", "users.set_roles", "sessions.delete"})
"""The operations with which a caller can delete its own user or session, or lose its permissions."""
_PASSWORD: Final = "correct horse battery"
Headers = Mapping[str, str]


def _admin(strata: Strata, _url: str) -> Headers:
    """The only admin, whom the server does not let delete itself."""
    credentials = strata.home / "credentials.json"
    if credentials.exists():
        return in_both_headers(json.loads(credentials.read_text())["api_key"])
    return in_both_headers(api_key(strata)["X-API-Key"])


def in_both_headers(key: str) -> Headers:
    """A key in both headers. With one, schemathesis generates the other, and most responses are 401."""
    return {"X-API-Key": key, "Authorization": f"Bearer {key}"}


def _signed_in(role: Role) -> Callable[[Strata, str], Headers]:
    def headers(strata: Strata, url: str) -> Headers:
        email = f"{role}@conformance.example"
        strata.run("users", "create", email, "--role", role, "--password", _PASSWORD)
        with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
            response = DIALECTS[WIRE].login(email, _PASSWORD).send(client)
        assert response.status_code == 200, response.text
        return {"Authorization": f"Bearer {response.json()['access_token']}"}

    return headers


def _scoped(strata: Strata, _url: str) -> Headers:
    email = "scoped@conformance.example"
    strata.run("users", "create", email)
    return in_both_headers(strata.json("keys", "create", email, "--scope", "posts:read")["key"])


def _anonymous(_strata: Strata, _url: str) -> Headers:
    return {}


CALLERS: Final[Mapping[str, Callable[[Strata, str], Headers]]] = {
    "admin": _admin,
    "moderator": _signed_in(Role.MODERATOR),
    "author": _signed_in(Role.AUTHOR),
    "reader": _signed_in(Role.READER),
    "scoped": _scoped,
    "anonymous": _anonymous,
}
"""By name, functions that create a caller, each with a user of its own, and return the headers to send."""
