"""Who calls: nobody, every role, a key that may do less than its owner; some with keys, some signed in."""

import json
from collections.abc import Callable, Mapping
from typing import Final

import httpx2

from app.access.principal import Role
from tests.support.live import Strata, api_key

ENDING: Final = frozenset({"users.delete", "admin.delete_user", "users.set_roles", "sessions.delete"})
"""The operations with which a caller can end its own account or session, or lose its rights."""
_PASSWORD: Final = "correct horse battery"
Headers = Mapping[str, str]


def _admin(strata: Strata, _url: str) -> Headers:
    """The one admin there is, whom the server keeps from ending itself."""
    credentials = strata.home / "credentials.json"
    if credentials.exists():
        return both_ways(json.loads(credentials.read_text())["api_key"])
    return both_ways(api_key(strata)["X-API-Key"])


def both_ways(key: str) -> Headers:
    """A key in either header. In one alone, schemathesis makes up the other, and most of what it tries is a 401."""
    return {"X-API-Key": key, "Authorization": f"Bearer {key}"}


def _signed_in(role: Role) -> Callable[[Strata, str], Headers]:
    def headers(strata: Strata, url: str) -> Headers:
        email = f"{role}@conformance.example"
        strata.run("users", "create", email, "--role", role, "--password", _PASSWORD)
        form = {"username": email, "password": _PASSWORD}
        answer = httpx2.post(f"{url}/api/v1/auth/login", data=form, timeout=10)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return headers


def _scoped(strata: Strata, _url: str) -> Headers:
    email = "scoped@conformance.example"
    strata.run("users", "create", email)
    return both_ways(strata.json("keys", "create", email, "--scope", "posts:read")["key"])


def _nobody(_strata: Strata, _url: str) -> Headers:
    return {}


CALLERS: Final[Mapping[str, Callable[[Strata, str], Headers]]] = {
    "admin": _admin,
    "moderator": _signed_in(Role.MODERATOR),
    "author": _signed_in(Role.AUTHOR),
    "reader": _signed_in(Role.READER),
    "scoped": _scoped,
    "nobody": _nobody,
}
"""Name -> makes the caller and tells the headers to send. Each has an account of its own."""
