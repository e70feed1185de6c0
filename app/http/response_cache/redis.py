"""The response cache that all processes and hosts share."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import structlog
from cryptography.exceptions import InvalidTag

from app.http.response_cache.metrics import UNREADABLE, CacheMetrics
from app.http.response_cache.port import CachedResponse, Lookup, Mark
from app.kit.encryption import Cipher
from observability.redis.circuit import FAILURES, OPEN, Circuit
from observability.redis.client import RedisClient
from observability.redis.connection import pack
from observability.tracing.recording import client_span

PURPOSE: Final = b"strata response cache 1"
"""Of the cipher. It changes with the form of the values."""
PREFIX: Final = b"strata:cache:"
_TAG: Final = PREFIX + b"tag:"
_LONGEST_READ: Final = 60.0
"""Seconds. A mark outlives every response that was read before it."""
_LENGTH_BYTES: Final = 4
_DIGEST_SIZE: Final = 16
_Span = tuple[str, Mapping[str, str]]
_GET: Final[_Span] = ("MGET", {"db.system.name": "redis", "db.operation.name": "MGET"})
_SET: Final[_Span] = ("SET", {"db.system.name": "redis", "db.operation.name": "SET"})
_LOG: Final = structlog.get_logger()


class RedisCache:
    """Implements ``ResponseCache``. An invalidation gives the tag a new random value, which is a part of the marks.

    Values are encrypted and authenticated together with their key: nobody who can write to Redis can make the server
    send other responses than its own. Redis' clock decides when a response expires.
    """

    def __init__(self, client: RedisClient, cipher: Cipher, release: str, ttl: float, metrics: CacheMetrics) -> None:
        self._client = client
        self._cipher = cipher
        self._release = release.encode()
        self._ttl = ttl
        self._metrics = metrics
        self._circuit = Circuit("response-cache", self._ping, self._circuit_changed)
        metrics.circuit.set(0)

    async def get(self, key: bytes, tags: Sequence[str]) -> Lookup:
        """See ``ResponseCache``."""
        name = self._name(key)
        replies = await self._call(
            _GET, pack([b"MGET", name, *(_TAG + tag.encode() for tag in tags)]), pack([b"PTTL", name])
        )
        if replies is None:
            return Lookup(None)
        (stored, *values), milliseconds = replies
        mark = tuple(value or b"" for value in values)
        age = self._ttl - milliseconds / 1000
        # Negative: it has expired since, or expires never, and so is not ours.
        if stored is None or milliseconds < 0:
            return Lookup(mark)
        try:
            found, read_at = _unpacked(self._cipher.decrypt(stored, name))
        except (InvalidTag, ValueError):
            self._metrics.failures[UNREADABLE].inc()
            return Lookup(mark)
        return Lookup(mark, found, max(0.0, age)) if read_at == mark else Lookup(mark)

    async def put(self, key: bytes, response: CachedResponse, mark: Mark) -> bool:
        """See ``ResponseCache``."""
        name = self._name(key)
        value = self._cipher.encrypt(_packed(response, mark), name)
        return await self._call(_SET, pack([b"SET", name, value, b"PX", _milliseconds(self._ttl)])) is not None

    async def invalidate(self, tags: Sequence[str]) -> None:
        """See ``ResponseCache``."""
        expiry = _milliseconds(self._ttl + _LONGEST_READ)
        await self._call(
            _SET, *(pack([b"SET", _TAG + tag.encode(), secrets.token_bytes(8), b"PX", expiry]) for tag in tags)
        )

    async def open(self) -> None:
        """See ``ResponseCache``. Redis may be down."""
        await self._circuit.start()

    async def close(self) -> None:
        """See ``ResponseCache``."""
        await self._circuit.close()
        await self._client.close()

    async def _call(self, span: _Span, *commands: bytes) -> list[Any] | None:
        """The replies, or None if Redis failed or did not reply in time."""
        if self._circuit.is_open:
            self._metrics.failures[OPEN].inc()
            return None
        try:
            with client_span(*span):
                replies = await self._client.in_time(self._client.send(*commands))
        except FAILURES as error:
            self._metrics.failures[self._circuit.record_failure(error)].inc()
            return None
        self._circuit.record_reply()
        return replies

    async def _ping(self) -> None:
        await self._client.in_time(self._client.send(pack([b"PING"])))

    def _circuit_changed(self, reason: str | None) -> None:
        self._metrics.circuit.set(reason is not None)
        if reason is None:
            _LOG.info("response_cache_shared_again")
        else:
            _LOG.warning("response_cache_unavailable", reason=reason)

    def _name(self, key: bytes) -> bytes:
        """The key in Redis. Another release may render other responses."""
        return PREFIX + hashlib.blake2b(key, key=self._release, digest_size=_DIGEST_SIZE).hexdigest().encode()


def _milliseconds(seconds: float) -> bytes:
    return b"%d" % max(1, round(seconds * 1000))


def _packed(response: CachedResponse, mark: Mark) -> bytes:
    """The length of the head, the head as JSON, the body."""
    texts = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in response.headers]
    head = orjson.dumps([[part.hex() for part in mark], texts])
    return len(head).to_bytes(_LENGTH_BYTES) + head + response.body


def _unpacked(value: bytes) -> tuple[CachedResponse, Mark]:
    start = _LENGTH_BYTES + int.from_bytes(value[:_LENGTH_BYTES])
    mark, texts = orjson.loads(value[_LENGTH_BYTES:start])
    headers = tuple((name.encode("latin-1"), text.encode("latin-1")) for name, text in texts)
    return CachedResponse(headers, value[start:]), tuple(bytes.fromhex(part) for part in mark)
