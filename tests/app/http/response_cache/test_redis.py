"""Redis shares responses between processes; it is trusted with nothing, and its failures cost nobody a response."""

import asyncio
import time
from unittest.mock import Mock

import pytest
import structlog

from app.http.response_cache.metrics import UNREADABLE
from app.http.response_cache.port import CachedResponse
from app.http.response_cache.redis import PREFIX, RedisCache
from observability.metrics.metrics import Metrics
from observability.redis import circuit
from observability.redis.circuit import REASONS
from observability.redis.client import RedisClient
from tests.app.http.response_cache.conftest import MakeRedisCache
from tests.support.redis import RedisServer
from tests.support.response_cache import reading
from tests.support.waiting import PATIENCE, eventually, stretched

TAGS = ("post",)
RESPONSE = CachedResponse(((b"content-type", b"application/json"),), b'{"secret":"words"}')
TIMEOUT = 1.0
"""More than the 50 ms that settings allow, so that a busy machine is not mistaken for an unavailable Redis."""


async def put(cache: RedisCache, key: bytes = b"key") -> bool:
    mark = (await cache.get(key, TAGS)).mark
    return mark is not None and await cache.put(key, RESPONSE, mark)


async def found(cache: RedisCache, key: bytes = b"key") -> CachedResponse | None:
    return (await cache.get(key, TAGS)).found


def entries(server: RedisServer) -> list[str]:
    with server.client() as client:
        return [key for key in client.scan_iter() if ":tag:" not in key]


def failures(metrics: Metrics) -> dict[str, float]:
    counts = {reason: reading(metrics, "failures_total", reason=reason) for reason in (*REASONS, UNREADABLE)}
    return {reason: count for reason, count in counts.items() if count}


async def test_processes_share_responses_and_invalidations(redis_cache: MakeRedisCache) -> None:
    first, second = redis_cache(), redis_cache()
    await put(first)
    assert await found(second) == RESPONSE
    await second.invalidate(TAGS)
    assert await found(first) is None


async def test_responses_expire_by_the_clock_of_redis(redis_server: RedisServer, redis_cache: MakeRedisCache) -> None:
    cache = redis_cache(ttl=5)
    await put(cache)
    (name,) = entries(redis_server)
    with redis_server.client() as client:
        assert 4000 < client.pttl(name) <= 5000
        client.pexpire(name, 2000)
        assert 3 <= (await cache.get(b"key", TAGS)).age < 5
        client.pexpire(name, 60_000)
        assert (await cache.get(b"key", TAGS)).age == 0, "a server with a longer time stored it"
        client.persist(name)
        assert await found(cache) is None, "what never expires is not ours"
        client.pexpire(name, 1)
        await eventually(lambda: _is_gone(cache))
        client.set(name, "of another program")
        assert await found(cache) is None


async def _is_gone(cache: RedisCache) -> bool:
    return await found(cache) is None


async def test_invalidations_outlive_what_was_read_before_them(
    redis_server: RedisServer, redis_cache: MakeRedisCache
) -> None:
    await redis_cache(ttl=5).invalidate(TAGS)
    with redis_server.client() as client:
        assert 60_000 < client.pttl((PREFIX + b"tag:post").decode()) <= 65_000


async def test_values_are_encrypted(redis_server: RedisServer, redis_cache: MakeRedisCache) -> None:
    await put(redis_cache())
    with redis_server.client() as client:
        client.connection_pool.connection_kwargs["decode_responses"] = False
        (name,) = entries(redis_server)
        assert b"words" not in client.get(name)


@pytest.mark.parametrize("fault", ["truncated", "short", "empty", "changed", "of another key"])
async def test_a_value_that_we_did_not_write_is_ignored(
    redis_server: RedisServer, redis_cache: MakeRedisCache, metrics: Metrics, fault: str
) -> None:
    cache = redis_cache()
    await put(cache)
    (name,) = entries(redis_server)
    await put(cache, b"other")
    (other,) = set(entries(redis_server)) - {name}
    with redis_server.client() as client:
        client.connection_pool.connection_kwargs["decode_responses"] = False
        value = client.get(name)
        changed = value[:-1] + bytes([value[-1] ^ 1])
        values = {"truncated": value[:-5], "short": value[:7], "empty": b"", "changed": changed}
        client.set(name, values[fault] if fault in values else client.get(other), px=60_000)
    assert await found(cache) is None
    assert failures(metrics) == {"unreadable": 1}
    assert await put(cache)
    assert await found(cache) == RESPONSE, "the next response replaces it"


async def test_another_key_cannot_read_and_another_release_does_not_look(
    redis_cache: MakeRedisCache, metrics: Metrics
) -> None:
    await put(redis_cache())
    assert await found(redis_cache(release="2")) is None
    assert failures(metrics) == {}
    assert await found(redis_cache(key="of others")) is None
    assert failures(metrics) == {"unreadable": 1}


async def test_without_redis_nothing_is_found_or_stored_and_nobody_waits(
    redis_server: RedisServer, redis_cache: MakeRedisCache, metrics: Metrics
) -> None:
    cache = redis_cache(timeout=TIMEOUT)
    await put(cache)
    redis_server.kill()
    try:
        with structlog.testing.capture_logs() as lines:
            async with asyncio.timeout(PATIENCE):
                while reading(metrics, "circuit_open") == 0:
                    assert (await cache.get(b"key", TAGS)).mark is None
                    await asyncio.sleep(0.02)
            assert not await put(cache)
            assert not await cache.put(b"key", RESPONSE, (b"",))
            await cache.invalidate(TAGS)
            started = time.monotonic()
            for _ in range(100):
                assert await found(cache) is None
            assert time.monotonic() - started < stretched(TIMEOUT), "the circuit is open"
            assert {"unreachable", "open"} <= set(failures(metrics))
            redis_server.start()
            await eventually(lambda: put(cache))
    finally:
        redis_server.kill()
        redis_server.start()
    assert [line["event"] for line in lines] == ["response_cache_unavailable", "response_cache_shared_again"]
    assert reading(metrics, "circuit_open") == 0


async def test_a_redis_that_hangs_costs_the_timeout_and_then_nothing(
    redis_server: RedisServer, redis_cache: MakeRedisCache, metrics: Metrics
) -> None:
    cache = redis_cache(timeout=0.05)
    await eventually(lambda: put(cache))
    redis_server.suspend()
    try:
        started = time.monotonic()
        lookups = await asyncio.gather(*(cache.get(b"key", TAGS) for _ in range(50)))
        assert all(lookup.mark is None for lookup in lookups)
        assert time.monotonic() - started < stretched(20 * 0.05), "they waited together"
        assert failures(metrics)["late"] >= 50
        await eventually(lambda: _opened(cache, metrics))
    finally:
        redis_server.resume()
    await eventually(lambda: put(cache))


async def _opened(cache: RedisCache, metrics: Metrics) -> bool:
    await cache.get(b"key", TAGS)
    return reading(metrics, "circuit_open") == 1


async def test_a_reply_ends_a_series_of_failures(
    redis_cache: MakeRedisCache, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single failures, however far apart, do not let requests do without Redis."""
    cache = redis_cache()

    async def fail() -> None:
        with monkeypatch.context() as failing:
            failing.setattr(RedisClient, "send", Mock(side_effect=OSError))
            assert (await cache.get(b"key", TAGS)).mark is None

    await fail()
    assert await put(cache)
    await asyncio.sleep(1.5 * circuit._TOLERATED)
    await fail()
    assert (failures(metrics), reading(metrics, "circuit_open")) == ({"unreachable": 2}, 0)


async def test_a_closed_cache_looks_for_redis_no_longer(redis_server: RedisServer, redis_cache: MakeRedisCache) -> None:
    redis_server.kill()
    try:
        cache, before = redis_cache(timeout=TIMEOUT), asyncio.all_tasks()
        await cache.open()
        assert asyncio.all_tasks() != before
        await cache.close()
        assert asyncio.all_tasks() == before
    finally:
        redis_server.start()


async def test_it_starts_without_redis(
    redis_server: RedisServer, redis_cache: MakeRedisCache, metrics: Metrics
) -> None:
    redis_server.kill()
    cache = redis_cache(timeout=TIMEOUT)
    try:
        await cache.open()
        assert reading(metrics, "circuit_open") == 1, "no request waits for it"
        assert (await cache.get(b"key", TAGS)).mark is None
    finally:
        redis_server.start()
    await eventually(lambda: put(cache))
