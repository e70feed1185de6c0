"""``Cache-Control`` of responses (RFC 9111), from what a response depends on."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

CACHING: Final = "x-caching"
"""The member of an operation's document that restricts caching; absent if a cache may store anonymous reads."""
NO_STORE: Final = (b"cache-control", b"no-store")
_PRIVATE: Final = (b"cache-control", b"private, no-cache")
_PUBLIC: Final = (b"cache-control", b"public, max-age=5, stale-while-revalidate=30")
_VARY: Final = (b"vary", b"Authorization, X-API-Key")
_SAFE: Final = frozenset({"GET", "HEAD"})
_STORED: Final = frozenset({200, 304})
_PUBLIC_HEADERS: Final = (_PUBLIC, _VARY)
_PRIVATE_HEADERS: Final = (_PRIVATE, _VARY)
_NO_STORE_HEADERS: Final = (NO_STORE,)


class Caching(StrEnum):
    """What an operation allows caches to store."""

    SHARED = "shared"
    """Anonymous reads are equal for all callers and have no effect."""
    CALLER = "caller"
    """Reads have an effect, or depend on the client address: only the caller may store them, if it has credentials."""
    NEVER = "never"
    """Responses contain tokens or other secrets."""


def caching_of(document: Mapping[str, Any] | None) -> Caching:
    """What an operation allows. ``document`` is the route's ``openapi_extra``."""
    return Caching((document or {}).get(CACHING, Caching.SHARED))


def is_shared(caching: Caching, method: str, status: int, *, credentials: bool) -> bool:
    """Whether a shared cache may store the response and send it to other callers."""
    return not credentials and caching is Caching.SHARED and status in _STORED and method in _SAFE


def cache_headers(caching: Caching, *, shared: bool, credentials: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The header fields of a response. ``credentials``: the request has credentials, valid or not."""
    if shared:
        return _PUBLIC_HEADERS
    return _PRIVATE_HEADERS if credentials and caching is not Caching.NEVER else _NO_STORE_HEADERS
