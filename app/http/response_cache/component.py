"""The response cache of one process."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from app.events.nudges import RELAYED_CHANNEL
from app.http.listener import ListenerComponent
from app.http.response_cache.invalidation import Invalidator
from app.http.response_cache.memory import MemoryCache
from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.port import ResponseCache
from app.http.response_cache.reads import CachedReads, Read
from app.http.response_cache.redis import PURPOSE, RedisCache
from app.http.runtime import Component, Runtime, runtime_of
from app.kit.build import RELEASE
from app.kit.encryption import Cipher
from app.settings.cache import CacheSettings
from app.settings.errors import require_secret
from app.settings.http import HttpSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings
from observability.redis.client import RedisClient


class ResponseCacheComponent(Component):
    """Reads through the cache that the settings choose. ``reads`` is None without one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        metrics, ttl = runtime.metrics.group(CacheMetrics), runtime.settings[CacheSettings].ttl
        self._cache = _cache(runtime.settings, metrics)
        self.reads = None if self._cache is None else CachedReads(self._cache, ttl, metrics)

    @classmethod
    def build(cls, runtime: Runtime) -> "ResponseCacheComponent":
        """Raises ``SettingsError`` for Redis without its URL."""
        component = cls(runtime)
        if component.reads is not None:
            runtime.get(ListenerComponent).subscribe(RELAYED_CHANNEL, component.nudge)
        return component

    def nudge(self, payload: str | None) -> None:
        """See ``Invalidator.nudge``."""
        if self.invalidator is not None:
            self.invalidator.nudge(payload)

    @cached_property
    def invalidator(self) -> Invalidator | None:
        """What invalidates the responses. It needs the database, which commands do not have when they build this."""
        if self._cache is None or self.reads is None:
            return None
        metrics = self._runtime.metrics.group(CacheMetrics)
        return Invalidator(self._runtime.database.reads, self._cache, self.reads.tags, metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect, and invalidate responses during the block."""
        if self._cache is None or self.invalidator is None:
            yield
            return
        await self._cache.open()
        try:
            async with self.invalidator.running():
                yield
        finally:
            await self.close()

    async def close(self) -> None:
        """Close connections and cancel background tasks."""
        if self._cache is not None:
            await self._cache.close()


def through_cache(request: Request, tags: Sequence[str], read: Read) -> Awaitable[Response]:
    """The response of ``read``, or a stored one. Without tags or without a cache, that costs nothing."""
    reads = runtime_of(request.scope).get(ResponseCacheComponent).reads if tags else None
    return read() if reads is None else reads.respond(request, tags, read)


def _cache(settings: Settings, metrics: CacheMetrics) -> ResponseCache | None:
    chosen = settings[CacheSettings]
    if chosen.backend == "none":
        return None
    if chosen.backend == "memory":
        return MemoryCache(chosen.ttl, chosen.max_bytes, metrics)
    redis = settings[RedisSettings]
    url = require_secret(redis.url, "redis", "url")
    key = require_secret(settings[HttpSettings].cursor_key, "http", "cursor_key")
    client = RedisClient(url.get_secret_value(), redis.timeout)
    return RedisCache(client, Cipher(key, PURPOSE), RELEASE, chosen.ttl, metrics)
