"""Which quota a request is charged to, and which limiter counts."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from app.access.principal import Principal, Role
from app.http.rate_limit.limits import RateLimits
from app.http.rate_limit.metrics import RateLimitMetrics
from app.plans import built_in
from app.plans.catalogue import PlanCatalogue
from app.settings.rate_limit import RateLimitSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings
from observability.metrics.metrics import Metrics
from observability.rate_limit.fallback import FallbackLimiter
from observability.rate_limit.policies import PolicySet

HOME, CAFE = "192.0.2.1", "192.0.2.2"
QUOTAS = {
    "anonymous": {"burst": "2/day"},
    "rejected_credentials": {"burst": "3/day"},
}
PLANS = [
    replace(plan, policies={"burst": f"{quota}/day"}) for plan, quota in zip(built_in.PLANS, (4, 5, 6, 7), strict=True)
]


def limits_of(settings: Settings, redis: str | None = None, **changed: Any) -> RateLimits:
    chosen = RateLimitSettings.model_validate(QUOTAS | changed)
    store = RedisSettings(url=None if redis is None else SecretStr(redis), timeout=0.05)
    plans = PlanCatalogue()
    plans.replace(PLANS)
    return RateLimits(settings.with_groups(chosen, store), Metrics().group(RateLimitMetrics), plans)


def caller(plan: str, number: int = 1) -> Principal:
    uid = uuid4() if number else None
    return Principal(number, uid, (Role.AUTHOR,), frozenset(), plan)


async def test_each_subject_has_a_quota_of_its_own(settings: Settings) -> None:
    limits = limits_of(settings)
    ada, eve = caller("free"), caller("free", 2)
    ada_pro = Principal(ada.user_id, ada.user_uid, ada.roles, ada.permissions, "pro")
    ada_by_key = Principal(ada.user_id, ada.user_uid, ada.roles, ada.permissions, "free", key_uid=uuid4())
    for subject, quota in (
        (lambda: limits.charge_address(HOME, 1), 2),
        (lambda: limits.charge_rejected(HOME), 3),
        (lambda: limits.charge_address(CAFE, 1), 2),
        (lambda: limits.charge_rejected(CAFE), 3),
        (lambda: limits.charge_principal(ada, 1), 4),
        (lambda: limits.charge_principal(eve, 1), 4),
        (lambda: limits.charge_principal(ada_pro, 1), 5),
    ):
        assert [(await subject()).allowed for _ in range(quota + 1)] == [*[True] * quota, False]
    assert not (await limits.charge_principal(ada_by_key, 1)).allowed, "the keys of a user share the quota of a plan"


async def test_decisions_are_counted_by_the_policies_that_a_plan_has_now(settings: Settings) -> None:
    """A policy that is not exhausted has allowed the request that another one denied."""
    metrics, plans = Metrics(), PlanCatalogue()
    chosen = settings.with_groups(RateLimitSettings.model_validate(QUOTAS), RedisSettings(url=None))
    limits, ada = RateLimits(chosen, metrics.group(RateLimitMetrics), plans), caller("free")
    for small, large in (("burst", "daily"), ("second", "third")):
        plans.replace([replace(built_in.PLANS[0], policies={small: "1/day", large: "9/day"})])
        for _ in range(2):
            await limits.charge_principal(ada, 1)
        found = {
            (policy, decision): metrics.registry.get_sample_value(
                "api_rate_limit_decisions_total", {"policy": f"free.{policy}", "decision": decision}
            )
            for policy in (small, large)
            for decision in ("allowed", "denied")
        }
        assert found == {(small, "allowed"): 1, (small, "denied"): 1, (large, "allowed"): 2, (large, "denied"): 0}


async def test_disabled_limits_count_sign_ins_only(settings: Settings) -> None:
    limits = limits_of(settings, enabled=False)
    assert all([(await limits.charge_address(HOME, 1)).allowed for _ in range(10)])
    rules = PolicySet.parse("login", {"login": "1/day"})
    assert [(await limits.counting.charge(HOME, rules)).allowed for _ in range(2)] == [True, False]


async def test_with_redis_all_limits_are_counted_there_and_continue_here(settings: Settings) -> None:
    assert await limits_of(settings).redis_answers() is None
    limits = limits_of(settings, "redis://127.0.0.1:1")
    assert isinstance(limits.counting, FallbackLimiter)
    assert limits._limiter is limits.counting
    shared: Any = limits.counting._shared
    assert shared._mirror is limits.counting._local
    assert await limits.redis_answers() is False
    await limits.close()
