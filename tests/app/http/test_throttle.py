"""The limits on password guessing: what they count, and for how long."""

import pytest

from app.auth.errors import TooManyAttempts
from app.http.rate_limit.throttle import NetworkThrottle, RejectedCallbackLimit, Throttles, _exhausted
from observability.rate_limit.limiter import Limiter
from observability.rate_limit.local import LocalLimiter

ADDRESS = "ada@example.com"


def throttle(limiter: Limiter, network: str = "192.0.2.0/24") -> NetworkThrottle:
    return Throttles(per_minute=2, failures_per_hour=3, limiter=limiter).of(network)


def test_attempts_count_for_a_minute_and_failures_for_an_hour() -> None:
    throttles = Throttles(per_minute=2, failures_per_hour=3, limiter=LocalLimiter(10))
    counted = [
        (policy.quota, policy.window) for each in (throttles.attempts, throttles.failures) for policy in each.policies
    ]
    assert counted == [(2, 60), (3, 3600)]


async def test_a_network_has_its_own_attempts_for_each_user() -> None:
    limiter = LocalLimiter(100)
    for _ in range(2):
        await throttle(limiter).charge(ADDRESS)
    with pytest.raises(TooManyAttempts) as caught:
        await throttle(limiter).charge(ADDRESS)
    assert caught.value.context == {"policy": "login"}
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 120
    await throttle(limiter).charge("eve@example.com")
    await throttle(limiter, "198.51.100.0/24").charge(ADDRESS)


async def test_a_look_at_the_failures_counts_none() -> None:
    limiter = LocalLimiter(100)
    each = throttle(limiter)
    for _ in range(3):
        for _ in range(5):
            assert await each.rejection(ADDRESS) is None
        await each.record_failure(ADDRESS)
    rejection = await throttle(limiter, "198.51.100.0/24").rejection(ADDRESS)
    assert rejection is not None
    assert rejection.context == {"policy": "login_all_networks"}
    assert rejection.retry_after is not None
    # Two windows: a counter of the previous window counts in part.
    assert 60 < rejection.retry_after <= 2 * 3600
    assert await each.rejection("eve@example.com") is None


async def test_rejected_callbacks_are_counted_for_each_network() -> None:
    limit = RejectedCallbackLimit(2, LocalLimiter(10))
    assert [await limit.admits("192.0.2.0/24") for _ in range(3)] == [True, True, False]
    assert await limit.admits("198.51.100.0/24")


@pytest.mark.parametrize(("left", "stated"), [(0, 1), (1, 1), (60, 60)])
def test_a_client_waits_for_a_second_at_least(left: int, stated: int) -> None:
    assert _exhausted(left, "login").retry_after == stated
