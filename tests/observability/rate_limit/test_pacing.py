"""A sequential client that obeys the headers is never rejected, and can use the whole quota."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observability.rate_limit.headers import X_RATELIMIT
from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.local import LocalLimiter, wall_clock
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter
from observability.rate_limit.windows import seconds
from tests.observability.rate_limit.model import Clock

QUOTAS = st.tuples(st.integers(1, 30), st.integers(1, 90))
RESET = b"x-ratelimit-reset"
STEP = 10
"""The cost of the dearest operation."""
COSTS = st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 10)), min_size=1, max_size=60)


def rules_of(burst: tuple[int, int], daily: tuple[int, int]) -> PolicySet:
    texts = {"burst": f"{burst[0]}/{burst[1]} second", "daily": f"{burst[0] + daily[0]}/{60 + daily[1]} second"}
    return PolicySet.parse("test", texts, STEP)


async def pace(limiter: Limiter, clock: Clock, rules: PolicySet, costs: list[tuple[int, int]]) -> None:
    """Wait once for ``t`` of the last response where a policy has fewer units than the next operation costs."""
    last = await limiter.charge("ada", rules, 0)
    for pause, cost in costs:
        clock.now += pause
        short = [one for one in last.standings if one.remaining < min(cost, one.policy.quota)]
        clock.now += 1000 * max((one.reset for one in short), default=0)
        last = await limiter.charge("ada", rules, cost)
        assert last.allowed


@settings(max_examples=60)
@given(burst=QUOTAS, daily=QUOTAS, costs=COSTS)
async def test_a_client_that_waits_is_never_rejected(
    burst: tuple[int, int], daily: tuple[int, int], costs: list[tuple[int, int]]
) -> None:
    clock = Clock()
    await pace(LocalLimiter(1000, clock), clock, rules_of(burst, daily), costs)


async def test_the_same_with_redis(redis_limiter: Callable[..., RedisLimiter]) -> None:
    clock = Clock()
    costs = [(137 * number % 900, 1 + number % 7) for number in range(200)]
    await pace(redis_limiter(clock=clock), clock, rules_of((13, 7), (40, 30)), costs)


@settings(max_examples=60)
@given(burst=QUOTAS, daily=QUOTAS, costs=COSTS)
async def test_after_the_announced_time_there_is_more_and_not_before(
    burst: tuple[int, int], daily: tuple[int, int], costs: list[tuple[int, int]]
) -> None:
    clock = Clock()
    limiter, rules = LocalLimiter(1000, clock), rules_of(burst, daily)
    for pause, cost in costs:
        clock.now += pause
        decision = await limiter.charge("ada", rules, cost)
        for position, standing in enumerate(decision.standings):
            if not standing.pause:
                continue
            announced = min(max(standing.remaining + 1, STEP), standing.policy.quota)
            for early, more in ((1, 0), (0, 1)):
                later = LocalLimiter(1000, lambda at=clock.now + standing.pause - early: at)  # type: ignore[misc]  # a default binds the time
                later._counters = limiter._counters.copy()
                found = (await later.charge("ada", rules, 0)).standings[position].remaining
                assert found < announced if not more else found >= announced


@pytest.mark.parametrize(("quota", "window"), [(10, 60), (120, 60), (7, 3)])
async def test_the_whole_quota_of_a_window_can_be_used(quota: int, window: int) -> None:
    clock = Clock(now=60_000 * window)
    limiter, rules = LocalLimiter(1000, clock), PolicySet.parse("test", {"burst": f"{quota}/{window} second"})
    admitted = [(await limiter.charge("ada", rules)).allowed for _ in range(quota + 1)]
    assert admitted == [True] * quota + [False]


@settings(max_examples=60)
@given(burst=QUOTAS, daily=QUOTAS, offset=st.integers(0, 999), costs=COSTS)
async def test_a_rejected_client_that_waits_is_admitted(
    burst: tuple[int, int], daily: tuple[int, int], offset: int, costs: list[tuple[int, int]]
) -> None:
    """By ``Retry-After``, and by the instant of v901, for operations of any cost and policies that both bind."""
    clock = Clock(now=1_795_000_000_000 + offset)
    limiter, rules = LocalLimiter(1000, clock), rules_of(burst, daily)
    for position, (pause, cost) in enumerate(costs):
        clock.now += pause
        decision: Decision = await limiter.charge("ada", rules, cost)
        if decision.allowed:
            continue
        instants = (clock.now + 1000 * decision.retry_after, 1000 * int(dict(X_RATELIMIT.fields(decision))[RESET]))
        # Only one of them can be tried: the request that is admitted takes units.
        clock.now = instants[position % 2]
        assert (await limiter.charge("ada", rules, cost)).allowed


@pytest.mark.parametrize("ahead", [-10_000, 0, 10_000])
async def test_the_clock_of_redis_may_differ(redis_limiter: Callable[..., RedisLimiter], ahead: int) -> None:
    """v901's reset is an instant of our clock, and the local counters continue in the windows of Redis."""
    ours = Clock(now=1_795_000_000_000)
    local, rules = LocalLimiter(1000, ours), PolicySet.parse("test", {"burst": "5/7 second", "daily": "8/60 second"})
    shared = redis_limiter(clock=lambda: ours.now + ahead, mirror=local)
    shared._time = ours
    await shared.charge("ada", rules, 5)
    ours.now += 1000
    rejected = await local.charge("ada", rules, 4)
    assert rejected.pause == (await shared.charge("ada", rules, 4)).pause > 0
    assert dict(X_RATELIMIT.fields(rejected))[RESET] == b"%d" % seconds(ours.now + rejected.pause)
    ours.now += rejected.pause
    assert (await local.charge("ada", rules, 4)).allowed
    assert (await shared.charge("ada", rules, 4)).allowed


async def test_the_time_of_a_decision_is_ours(
    redis_limiter: Callable[..., RedisLimiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = redis_limiter()
    run = limiter._run

    async def run_ten_seconds_late(arguments: list[bytes]) -> bytes:
        counted, now, counts = (await run(arguments)).split(b" ", 2)
        return b"%b %d %b" % (counted, int(now) - 10_000, counts)

    monkeypatch.setattr(limiter, "_run", run_ten_seconds_late)
    before = wall_clock()
    decision = await limiter.charge("ada", rules_of((13, 7), (40, 30)))
    assert before <= decision.now <= wall_clock()
