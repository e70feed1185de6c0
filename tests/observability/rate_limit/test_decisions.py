"""The local and the Redis limiter make the same decisions as the reference model."""

import uuid
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observability.rate_limit.limiter import Limiter
from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.null import NullLimiter
from observability.rate_limit.policies import PolicySet, parse_policy
from observability.rate_limit.redis import RedisLimiter
from tests.observability.rate_limit.model import Clock, Model

POLICIES = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(["10 seconds", "minute", "hour", "day"])), min_size=1, max_size=3
)
REQUESTS = st.lists(
    st.tuples(st.integers(0, 90_000), st.sampled_from(["ada", "bob"]), st.integers(0, 6)), min_size=1, max_size=40
)
SETBACKS = st.lists(st.tuples(st.integers(-90_000, 90_000), st.just("ada"), st.integers(0, 6)), min_size=1, max_size=20)
bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rules_of(policies: list[tuple[int, str]]) -> PolicySet:
    return PolicySet.parse("test", {f"p{number}": f"{quota}/{per}" for number, (quota, per) in enumerate(policies)})


@bounded
@given(policies=POLICIES, requests=REQUESTS)
async def test_local_limiter_agrees_with_the_model(
    policies: list[tuple[int, str]], requests: list[tuple[int, str, int]]
) -> None:
    clock = Clock()
    limiter, model, rules = LocalLimiter(1000, clock), Model(clock), rules_of(policies)
    for pause, subject, cost in requests:
        clock.now += pause
        decision = await limiter.charge(subject, rules, cost)
        assert [policy.name for policy in decision.violated] == model.charge(subject, rules, cost)
        for standing in decision.standings:
            assert 0 <= standing.remaining <= standing.policy.quota
            full = standing.remaining == standing.policy.quota
            assert full == (standing.pause == 0)
            assert standing.reset <= 2 * standing.policy.window


@bounded
@given(policies=POLICIES, requests=REQUESTS | SETBACKS)
async def test_redis_limiter_agrees_with_the_local_one(
    redis_limiter: Callable[..., RedisLimiter],
    policies: list[tuple[int, str]],
    requests: list[tuple[int, str, int]],
) -> None:
    clock = Clock()
    # The examples share one Redis, so each uses its own subjects.
    run, rules = uuid.uuid4().hex, rules_of(policies)
    shared, local = redis_limiter(clock=clock), LocalLimiter(1000, clock)
    for pause, subject, cost in requests:
        clock.now += pause
        there = await shared.charge(f"{run}{subject}", rules, cost)
        assert there == await local.charge(f"{run}{subject}", rules, cost)
    await shared.close()


@bounded
@given(policies=POLICIES, requests=REQUESTS)
async def test_retry_after_is_sufficient_and_tight(
    policies: list[tuple[int, str]], requests: list[tuple[int, str, int]]
) -> None:
    clock = Clock()
    limiter, rules = LocalLimiter(1000, clock), rules_of(policies)
    for pause, subject, cost in requests:
        clock.now += pause
        decision = await limiter.charge(subject, rules, cost)
        if decision.allowed:
            continue
        assert decision.retry_after >= 1
        if decision.retry_after > 1:
            clock.now += (decision.retry_after - 1) * 1000 - 1
            assert not (await limiter.charge(subject, rules, cost)).allowed
            clock.now += 1001
        else:
            clock.now += 1000
        assert (await limiter.charge(subject, rules, cost)).allowed


@pytest.mark.parametrize("kind", ["local", "redis"])
async def test_rejected_request_costs_nothing(kind: str, redis_limiter: Callable[..., RedisLimiter]) -> None:
    limiter: Limiter = LocalLimiter(1000) if kind == "local" else redis_limiter()
    rules = PolicySet.parse("test", {"small": "2/day", "large": "10/day"})
    decisions = [await limiter.charge("ada", rules) for _ in range(6)]
    assert [decision.allowed for decision in decisions] == [True, True, False, False, False, False]
    assert [standing.remaining for standing in decisions[-1].standings] == [0, 8]
    assert [policy.name for policy in decisions[-1].violated] == ["small"]


@pytest.mark.parametrize("kind", ["local", "redis"])
async def test_zero_cost_changes_nothing(kind: str, redis_limiter: Callable[..., RedisLimiter]) -> None:
    limiter: Limiter = LocalLimiter(1000) if kind == "local" else redis_limiter()
    rules = PolicySet.parse("test", {"burst": "3/day"})
    await limiter.charge("ada", rules, 3)
    looks = [await limiter.charge("ada", rules, 0) for _ in range(3)]
    assert all(look.allowed and look.standings[0].remaining == 0 for look in looks)


async def test_cost_above_the_quota_takes_all() -> None:
    limiter, rules = LocalLimiter(1000), PolicySet.parse("test", {"burst": "3/day"})
    assert (await limiter.charge("ada", rules, 10)).standings[0].remaining == 0
    assert not (await limiter.charge("ada", rules, 10)).allowed


async def test_null_limiter_reports_the_full_quota() -> None:
    limiter, rules = NullLimiter(), PolicySet.parse("test", {"burst": "1/minute"})
    decisions = [await limiter.charge("ada", rules) for _ in range(3)]
    assert all(decision.allowed and decision.standings[0].remaining == 1 for decision in decisions)


@pytest.mark.parametrize("text", ["", "often", "0/minute", "1/fortnight", "5/minute;10/hour", "99999999999/day"])
def test_invalid_policy_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_policy("burst", text)


def test_policy_is_parsed() -> None:
    policy = parse_policy("burst", "100/5 minutes")
    assert (policy.name, policy.quota, policy.window) == ("burst", 100, 300)
    assert str(policy.declared.limit) == "100 per 5 minute"
