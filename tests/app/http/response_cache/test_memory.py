"""The cache in memory is bounded in bytes and in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.response_cache.memory import OVERHEAD, MemoryCache
from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.port import CachedResponse
from observability.metrics.metrics import Metrics
from tests.support.response_cache import reading

TAGS = ("post",)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def put(cache: MemoryCache, key: bytes, body: bytes = b"body") -> bool:
    mark = (await cache.get(key, TAGS)).mark
    assert mark is not None
    return await cache.put(key, CachedResponse((), body), mark)


async def holds(cache: MemoryCache, key: bytes) -> bool:
    return (await cache.get(key, TAGS)).found is not None


async def test_a_response_expires_after_its_time(metrics: Metrics) -> None:
    clock = Clock()
    cache = MemoryCache(1.0, 10_000, metrics.group(CacheMetrics), clock)
    await put(cache, b"key")
    clock.now += 0.75
    lookup = await cache.get(b"key", TAGS)
    assert (lookup.found, lookup.age) == (CachedResponse((), b"body"), 0.75)
    clock.now += 0.25
    assert not await holds(cache, b"key")
    assert reading(metrics, "bytes") == 0


async def test_the_response_that_was_not_used_for_longest_makes_room(metrics: Metrics) -> None:
    cache = MemoryCache(1.0, 3 * (OVERHEAD + 10), metrics.group(CacheMetrics), Clock())
    for key in (b"a", b"b", b"c"):
        assert await put(cache, key, b"123456789")
    assert await holds(cache, b"a")
    assert reading(metrics, "evictions_total") == 0
    assert await put(cache, b"d", b"")
    assert [await holds(cache, key) for key in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert reading(metrics, "evictions_total") == 1


async def test_a_response_that_is_larger_than_the_cache_is_not_stored(metrics: Metrics) -> None:
    cache = MemoryCache(1.0, OVERHEAD + 100, metrics.group(CacheMetrics), Clock())
    assert await put(cache, b"key", b"x" * 97)
    assert not await put(cache, b"key", b"x" * 98)
    assert not await holds(cache, b"key")
    assert reading(metrics, "bytes") == 0


@pytest.mark.parametrize("limit", [OVERHEAD, 5 * OVERHEAD, 50 * OVERHEAD])
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3000), st.booleans()), max_size=60))
async def test_it_never_exceeds_its_limit_and_counts_what_it_has(limit: int, uses: list[tuple[int, int, bool]]) -> None:
    metrics = Metrics()
    cache = MemoryCache(1.0, limit, metrics.group(CacheMetrics), Clock())
    for number, size, invalidates in uses:
        await put(cache, b"%d" % number, b"x" * size)
        if invalidates:
            await cache.invalidate(TAGS)
        expected = sum(len(key) + OVERHEAD + entry.response.size for key, entry in cache._entries.items())
        assert reading(metrics, "bytes") == expected <= limit
