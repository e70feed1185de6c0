"""Compares the bearer token of a request."""

import secrets

from starlette.datastructures import Headers


def has_token(headers: Headers, token: str) -> bool:
    """Return whether the request presents this token, compared in constant time."""
    return secrets.compare_digest(headers.get("authorization", "").encode("latin-1"), f"Bearer {token}".encode())
