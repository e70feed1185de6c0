"""No request fails or waits longer than the timeout while Redis is killed, restarted or hanging."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import ValidationError

from app.settings.redis import RedisSettings
from observability.rate_limit.fallback import FallbackLimiter
from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter
from tests.support.redis import RedisServer
from tests.support.waiting import PATIENCE

# More than the 50 ms that settings allow, so that a busy machine is not mistaken for an unavailable Redis.
TIMEOUT = 1.0
CALLERS = 50
IN_TURN = CALLERS * TIMEOUT
"""Seconds that callers would wait who wait one after another."""
RULES = PolicySet.parse("test", {"burst": "1000/hour"})


class Reports(list[bool]):
    """The states of the circuit, and the reasons of local decisions."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: list[str] = []

    def circuit_changed(self, *, is_open: bool) -> None:
        self.append(is_open)

    def decided_locally(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
async def limiter(redis_server: RedisServer, reports: Reports) -> AsyncIterator[FallbackLimiter]:
    local = LocalLimiter(1000)
    shared = RedisLimiter(redis_server.url, TIMEOUT, mirror=local)
    fallback = FallbackLimiter(shared, local, reports)
    yield fallback
    await fallback.close()


@pytest.fixture(autouse=True)
def _running(redis_server: RedisServer) -> Iterator[None]:
    with redis_server.client() as client:
        client.flushall()
    yield
    redis_server.kill()
    redis_server.start()


async def until_closed(limiter: FallbackLimiter) -> None:
    async with asyncio.timeout(PATIENCE):
        while limiter.alone:  # noqa: ASYNC110 - Redis cannot set an asyncio event
            await asyncio.sleep(0.02)


async def until_open(limiter: FallbackLimiter) -> None:
    """Send requests until the circuit is open."""
    async with asyncio.timeout(PATIENCE):
        while not limiter.alone:
            await limiter.charge("somebody else", RULES)
            await asyncio.sleep(0.02)


async def timed(limiter: FallbackLimiter, requests: int) -> float:
    """Return the seconds of the slowest of these concurrent requests."""

    async def one() -> float:
        started = time.perf_counter()
        assert (await limiter.charge("ada", RULES)).allowed
        return time.perf_counter() - started

    return max(await asyncio.gather(*(one() for _ in range(requests))))


async def test_killed_redis_is_replaced_and_used_again(
    redis_server: RedisServer, limiter: FallbackLimiter, reports: Reports
) -> None:
    await limiter.open()
    await limiter.charge("ada", RULES, 400)
    redis_server.kill()
    slowest = await timed(limiter, CALLERS)
    assert slowest < IN_TURN / 2, "requests must not wait one after another"
    await until_open(limiter)
    alone = await limiter.charge("ada", RULES)
    assert alone.standings[0].remaining <= 1000 - 451, "the local counters continue from those of Redis"
    assert set(reports.reasons) == {"unreachable", "open"}
    assert not await limiter.is_available()
    redis_server.start()
    await until_closed(limiter)
    assert (await limiter.charge("ada", RULES)).standings[0].remaining == 999, "a restarted Redis has no counters"
    assert reports == [False, True, False]


async def test_hanging_redis_delays_requests_once(
    redis_server: RedisServer, limiter: FallbackLimiter, reports: Reports
) -> None:
    await limiter.open()
    await timed(limiter, 8)
    redis_server.suspend()
    first = await timed(limiter, CALLERS)
    await until_open(limiter)
    reports.reasons.clear()
    await timed(limiter, CALLERS)
    assert TIMEOUT * 0.9 <= first < IN_TURN / 2
    assert reports.reasons == ["open"] * CALLERS, "an open circuit sends nothing to Redis"
    redis_server.resume()
    await until_closed(limiter)
    assert reports == [False, True, False]
    assert (await limiter.charge("ada", RULES)).standings[0].remaining <= 1000 - 9, "Redis still has its counters"


async def test_it_starts_without_redis(redis_server: RedisServer, limiter: FallbackLimiter) -> None:
    redis_server.kill()
    assert (await limiter.charge("ada", RULES)).allowed
    await until_open(limiter)
    redis_server.start()
    await until_closed(limiter)
    assert await limiter.is_available()


async def test_one_late_reply_does_not_open_the_circuit(
    redis_server: RedisServer, limiter: FallbackLimiter, reports: Reports
) -> None:
    await limiter.open()
    assert (await limiter.charge("ada", RULES, 400)).standings[0].remaining == 600
    redis_server.suspend()
    late = await limiter.charge("ada", RULES)
    redis_server.resume()
    assert late.standings[0].remaining == 599, "the headers stay true"
    assert reports.reasons == ["late"]
    for expected in (598, 597):
        # The late request was counted in Redis, too; its reply is not taken for that of a later request.
        assert (await limiter.charge("ada", RULES)).standings[0].remaining == expected
    assert reports == [False], "the circuit stayed closed"


async def test_stalled_event_loop_does_not_open_the_circuit(limiter: FallbackLimiter, reports: Reports) -> None:
    await limiter.open()

    async def stall() -> None:
        await asyncio.sleep(0)
        time.sleep(3 * TIMEOUT)  # noqa: ASYNC251 - blocking the loop is the point

    decision, _ = await asyncio.gather(limiter.charge("ada", RULES), stall())
    assert decision.standings[0].remaining == 999
    assert reports == [False]


async def test_it_opens_without_redis(redis_server: RedisServer, limiter: FallbackLimiter, reports: Reports) -> None:
    redis_server.kill()
    await limiter.open()
    assert reports == [False, True]


async def test_close_does_not_wait_for_a_probe(redis_server: RedisServer, limiter: FallbackLimiter) -> None:
    redis_server.kill()
    await limiter.charge("ada", RULES)
    async with asyncio.timeout(PATIENCE):
        await limiter.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "rate-limit-probe"]


def test_timeout_setting_is_at_most_50_milliseconds() -> None:
    assert RedisSettings().timeout == 0.05
    with pytest.raises(ValidationError):
        RedisSettings(timeout=0.06)
