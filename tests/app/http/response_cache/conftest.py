"""A real Redis, and caches in it and in memory."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from app.http.response_cache.memory import MemoryCache
from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.port import ResponseCache
from app.http.response_cache.redis import PURPOSE, RedisCache
from app.kit.encryption import Cipher
from observability.metrics.metrics import Metrics
from observability.redis.client import RedisClient
from tests.support.redis import RedisServer

TTL = 60.0
MakeRedisCache = Callable[..., RedisCache]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def redis_cache(redis_server: RedisServer, metrics: Metrics) -> AsyncIterator[MakeRedisCache]:
    """Builds caches with separate connections, on an empty Redis. They wait longer than a busy machine needs."""
    made: list[RedisCache] = []
    with redis_server.client() as client:
        client.flushall()

    def make(*, ttl: float = TTL, key: str = "of cursors", release: str = "1", timeout: float = 5.0) -> RedisCache:
        client = RedisClient(redis_server.url, timeout)
        made.append(RedisCache(client, Cipher(SecretStr(key), PURPOSE), release, ttl, metrics.group(CacheMetrics)))
        return made[-1]

    yield make
    for cache in made:
        await cache.close()


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest, metrics: Metrics) -> ResponseCache:
    """Each implementation in turn."""
    if request.param == "memory":
        return MemoryCache(TTL, 10_000_000, metrics.group(CacheMetrics))
    make: MakeRedisCache = request.getfixturevalue("redis_cache")
    return make()
