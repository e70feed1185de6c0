"""A real Redis for the tests of this folder."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from observability.rate_limit.redis import RedisLimiter
from tests.support.redis import RedisServer, running_redis


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="strata-redis-") as folder, running_redis(Path(folder)) as server:
        yield server


@pytest.fixture
async def redis_limiter(redis_server: RedisServer) -> AsyncIterator[Callable[..., RedisLimiter]]:
    """Builds limiters with separate connections, on an empty Redis."""
    limiters: list[RedisLimiter] = []
    with redis_server.client() as client:
        client.flushall()

    def make(**options: object) -> RedisLimiter:
        limiter = RedisLimiter(redis_server.url, 5, **options)  # type: ignore[arg-type]  # only a clock
        limiters.append(limiter)
        return limiter

    yield make
    for limiter in limiters:
        await limiter.close()
