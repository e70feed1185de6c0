"""Policies of anonymous callers and of plans, and the subjects that they are charged to."""

import ipaddress
from collections.abc import Awaitable
from functools import lru_cache
from typing import Final

from slowapi.errors import RateLimitExceeded
from starlette.types import Scope

from app.access.principal import Principal
from app.http.plans import PlansComponent
from app.http.rate_limit.metrics import RateLimitMetrics
from app.http.retry_after import with_jitter
from app.http.runtime import Component, Runtime
from app.plans.catalogue import PlanCatalogue
from app.settings.errors import SettingsError, variable
from app.settings.rate_limit import LARGEST_COST, RateLimitSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings
from observability.metrics.multiprocess.instruments import CounterChild
from observability.rate_limit.fallback import FallbackLimiter
from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.null import NullLimiter
from observability.rate_limit.policies import Policy, PolicySet
from observability.rate_limit.redis import RedisLimiter

_SUBSCRIBER_BITS: Final = 64
_Counters = tuple[tuple[Policy, CounterChild, CounterChild], ...]


class QuotaExceeded(RateLimitExceeded):
    """A caller exhausted a policy. The response names it and says when to retry."""

    def __init__(self, decision: Decision) -> None:
        worst = decision.violated[0]
        super().__init__(worst.declared)
        self.violated = tuple(policy.name for policy in decision.violated)
        self.retry_after = with_jitter(decision.retry_after)
        self.detail = f"Rate limit exceeded. {self.detail} ({worst.name}); try again in {self.retry_after} seconds."


class RateLimits(Component):
    """The limits of one process: which subject is charged, under which policies."""

    def __init__(self, settings: Settings, metrics: RateLimitMetrics, plans: PlanCatalogue) -> None:
        limits = settings[RateLimitSettings]
        self._decisions = metrics.decisions
        self._plans = plans
        self._counters: dict[str, tuple[PolicySet, _Counters]] = {}
        """By the name of the policies, those that were counted last and their counters."""
        self._anonymous = PolicySet.parse("anonymous", limits.anonymous, LARGEST_COST)
        self._rejected = PolicySet.parse("rejected", limits.rejected_credentials)
        self._shared: FallbackLimiter | None = None
        local = LocalLimiter(limits.local_counters)
        redis = settings[RedisSettings]
        if redis.url is not None:
            shared = RedisLimiter(redis.url.get_secret_value(), redis.timeout, mirror=local)
            self._shared = FallbackLimiter(shared, local, metrics)
        self.counting: Limiter = self._shared or local
        """Counts even when request limits are disabled: the limit on sign-in uses it."""
        self._limiter: Limiter = self.counting if limits.enabled else NullLimiter()

    @classmethod
    def build(cls, runtime: Runtime) -> "RateLimits":
        """Raises ``SettingsError`` for a policy that cannot be parsed."""
        try:
            plans = runtime.get(PlansComponent).catalogue
            return cls(runtime.settings, runtime.metrics.group(RateLimitMetrics), plans)
        except ValueError as error:
            message = f"{variable('rate_limit')}: {error}"
            raise SettingsError(message) from None

    def charge_address(self, address: str, cost: int) -> Awaitable[Decision]:
        """Charge a client address under the anonymous policies."""
        return self._charge(f"address:{address}", self._anonymous, cost)

    def charge_rejected(self, address: str) -> Awaitable[Decision]:
        """Charge a client address for credentials that were rejected, under policies of their own."""
        return self._charge(f"rejected:{address}", self._rejected, 1)

    def charge_principal(self, principal: Principal, cost: int) -> Awaitable[Decision]:
        """Charge a user under a plan. All keys of a user on one plan share its quota."""
        rules = self._plans.get(principal.plan).rules
        return self._charge(f"user:{principal.user_uid}:{rules.name}", rules, cost)

    async def redis_answers(self) -> bool | None:
        """Whether Redis replies in time; ``None`` when none is configured."""
        return None if self._shared is None else await self._shared.is_available()

    async def open(self) -> None:
        """Connect to Redis, if one is configured."""
        if self._shared is not None:
            await self._shared.open()

    async def close(self) -> None:
        """Close connections and cancel background tasks."""
        await self.counting.close()

    async def _charge(self, subject: str, rules: PolicySet, cost: int) -> Decision:
        decision = await self._limiter.charge(subject, rules, cost)
        if cost:
            violated = decision.violated
            for policy, allowed, denied in self._count(rules):
                (denied if violated and policy in violated else allowed).inc()
        return decision

    def _count(self, rules: PolicySet) -> _Counters:
        """The counters of these policies, looked up once until a plan changes."""
        known = self._counters.get(rules.name)
        if known is not None and known[0] is rules:
            return known[1]
        labels = self._decisions.labels
        counters = tuple(
            (policy, labels(f"{rules.name}.{policy.name}", "allowed"), labels(f"{rules.name}.{policy.name}", "denied"))
            for policy in rules.policies
        )
        self._counters[rules.name] = rules, counters
        return counters


def client_address(scope: Scope) -> str:
    """The client's IPv4 address, or the /64 network of an IPv6 subscriber, who has 2^64 addresses.

    uvicorn sets the address; behind a trusted proxy it is the forwarded one (see ``strata serve``).
    """
    client = scope.get("client")
    return _subscriber(client[0]) if client else "unknown"


@lru_cache(maxsize=4096)
def _subscriber(host: str) -> str:
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _SUBSCRIBER_BITS), strict=False))
