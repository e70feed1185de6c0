"""A real Redis for the tests of this folder."""

from collections.abc import AsyncIterator, Callable

import pytest

from observability.rate_limit.redis import RedisLimiter
from tests.support.redis import RedisServer


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
