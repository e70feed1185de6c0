"""Answers anonymous reads from the response cache. Equal reads at the same time run once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from operator import itemgetter
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.http.conditional import tagged
from app.http.principal import has_credentials
from app.http.response_cache.metrics import COLLAPSED, HIT, MISS, CacheMetrics
from app.http.response_cache.port import LARGEST, CachedResponse, Mark, ResponseCache
from app.http.state import state_of
from observability.metrics.metrics import NO_VERSION
from observability.requests.context import current

TAGS: Final = "x-cache-tags"
"""The member of an operation's document that lists the tags under which its anonymous responses are cached."""
_NAME: Final = b"cache-status"
_CONDITIONS: Final = frozenset({b"if-none-match", b"if-match", b"if-modified-since", b"if-unmodified-since", b"range"})
_NOT_STORED: Final = frozenset({b"set-cookie", b"vary", b"cache-control"})
"""Header fields of responses that depend on more than the key, or that the operation restricts."""
Read = Callable[[], Awaitable[Response]]


def cache_tags(document: Mapping[str, Any] | None) -> Sequence[str]:
    """The tags of an operation, none if it is not cached. ``document`` is the route's ``openapi_extra``."""
    return tuple((document or {}).get(TAGS, ()))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a read ended, for the requests that waited for it."""

    response: CachedResponse | None = None
    """None if it failed, or if its response belongs to one request."""
    cancelled: bool = False


@dataclass(slots=True)
class _RunningRead:
    """A read that has not ended, and the mark of its look-up."""

    mark: Mark | None
    done: "asyncio.Future[_Outcome]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CachedReads:
    """Looks up, reads and stores the responses of the operations that declare tags."""

    def __init__(self, cache: ResponseCache, ttl: float, metrics: CacheMetrics) -> None:
        self._cache = cache
        self._ttl = ttl
        self._metrics = metrics
        self._running: dict[bytes, _RunningRead] = {}
        self.tags: set[str] = set()
        """The tags of all responses so far."""

    async def respond(self, request: Request, tags: Sequence[str], read: Read) -> Response:
        """The stored response, that of an equal read that is running, or that of ``read``."""
        if not _applies(request.scope):
            return await read()
        self.tags.update(tags)
        key = key_of(request)
        while True:
            lookup = await self._cache.get(key, tags)
            if lookup.found is not None:
                return self._hit(request, lookup.found, lookup.age)
            running = self._running.get(key)
            # A read that began before an invalidation is of no use for a request that came after it.
            if running is None or running.mark != lookup.mark:
                break
            outcome = await asyncio.shield(running.done)
            if outcome.response is not None:
                self._count(request, COLLAPSED)
                return _sent(request, outcome.response, b"strata; fwd=miss; collapsed")
            if not outcome.cancelled:
                return await self._forward(request, read)
        if _is_conditional(request.scope):
            return await self._forward(request, read)
        return await self._read_and_store(request, key, lookup.mark, read)

    def _hit(self, request: Request, found: CachedResponse, age: float) -> Response:
        self._count(request, HIT)
        status = b"strata; hit; ttl=%d" % ceil(self._ttl - age)
        return _sent(request, found, status, (b"age", b"%d" % int(age)))

    async def _forward(self, request: Request, read: Read) -> Response:
        self._count(request, MISS)
        response = await read()
        response.raw_headers.append((_NAME, b"strata; fwd=miss"))
        return response

    async def _read_and_store(self, request: Request, key: bytes, mark: Mark | None, read: Read) -> Response:
        """Read for this request and for those that wait for the same; none of them shares its failure."""
        running = self._running[key] = _RunningRead(mark)
        outcome = _Outcome(cancelled=True)
        try:
            try:
                response = await read()
                outcome = _Outcome(_storable(response))
            except Exception:
                outcome = _Outcome()
                raise
            finally:
                self._count(request, MISS)
                running.done.set_result(outcome)
            stored = False
            if outcome.response is not None and mark is not None:
                stored = await self._cache.put(key, outcome.response, mark)
        finally:
            if self._running.get(key) is running:
                del self._running[key]
        response.raw_headers.append((_NAME, b"strata; fwd=miss; stored" if stored else b"strata; fwd=miss"))
        return response

    def _count(self, request: Request, outcome: str) -> None:
        self._metrics.lookups.labels(current(request.scope).api_version or NO_VERSION, outcome).inc()


def key_of(request: Request) -> bytes:
    """Path and query. The order of parameters of different names does not matter, that of one name does.

    The path contains the version. No header field of a request is part of the key, because a response that depends on
    one says so in ``Vary``, and is not stored.
    """
    query = sorted(request.query_params.multi_items(), key=itemgetter(0))
    return orjson.dumps([request.scope["path"], query])


def _applies(scope: Scope) -> bool:
    """Whether the request is a GET without credentials of any kind; a cookie may be one."""
    has_cookie = any(name == b"cookie" for name, _ in scope["headers"])
    return not (state_of(scope).without_body or has_cookie or has_credentials(scope))


def _is_conditional(scope: Scope) -> bool:
    return any(name in _CONDITIONS for name, _ in scope["headers"])


def _storable(response: Response) -> CachedResponse | None:
    """What to store of a response; None if it must not be stored."""
    # Streams and files have no body of their own.
    body = getattr(response, "body", None)
    if response.status_code != HTTPStatus.OK or not isinstance(body, bytes) or response.background is not None:
        return None
    headers = tuple(response.raw_headers)
    if any(name in _NOT_STORED for name, _ in headers):
        return None
    found = CachedResponse(headers, body)
    return found if found.size <= LARGEST else None


def _sent(request: Request, stored: CachedResponse, status: bytes, *more: tuple[bytes, bytes]) -> Response:
    """The stored response for this request: 304 if the client has it already."""
    response = Response(stored.body)
    response.raw_headers = [*stored.headers]
    if (tag := response.headers.get("etag")) is not None:
        response = tagged(request, response, tag)
    response.raw_headers += [(_NAME, status), *more]
    return response
