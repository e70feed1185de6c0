"""Who is charged, under which policies."""

import ipaddress
from collections.abc import Awaitable
from functools import lru_cache
from typing import Final

from slowapi.errors import RateLimitExceeded
from starlette.types import Scope

from app.access.principal import Plan, Principal
from app.settings.groups import Settings
from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.instruments import CounterChild
from observability.rate_limit.fallback import FallbackLimiter
from observability.rate_limit.limiter import Decision, Limiter
from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.null import NullLimiter
from observability.rate_limit.policies import Policy, PolicySet
from observability.rate_limit.redis import RedisLimiter

DECISION: Final = "rate_limit_decision"
"""Where ``scope["state"]`` holds the decision on a request, from which its headers are written."""
_SUBSCRIBER_BITS: Final = 64
_Counters = tuple[tuple[Policy, CounterChild, CounterChild], ...]


class QuotaExceeded(RateLimitExceeded):
    """A caller has used up what a policy gives; the response tells which, and when to come back."""

    def __init__(self, decision: Decision) -> None:
        worst = decision.violated[0]
        super().__init__(worst.declared)
        self.violated = tuple(policy.name for policy in decision.violated)
        self.retry_after = decision.retry_after
        self.detail = f"Rate limit exceeded. {self.detail} ({worst.name}); try again in {decision.retry_after} seconds."


class RateLimits:
    """The limits of one process."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        limits = settings.rate_limit
        self._decisions = metrics.rate_limit_decisions
        self._counters: dict[str, _Counters] = {}
        self._anonymous = PolicySet.parse("anonymous", limits.anonymous)
        self._plans = {plan: PolicySet.parse(plan.value, getattr(limits.plans, plan.value)) for plan in Plan}
        self._shared: FallbackLimiter | None = None
        note_fallback = metrics.rate_limit_fallback.labels().set
        local = LocalLimiter(limits.local_counters)
        redis = settings.redis
        if redis.url is not None:
            shared = RedisLimiter(redis.url.get_secret_value(), redis.timeout)
            self._shared = FallbackLimiter(shared, local, note_fallback)
        self.counting: Limiter = self._shared or local
        """The limiter that counts even where requests are not limited, for what guards passwords."""
        self._limiter: Limiter = self.counting if limits.enabled else NullLimiter()

    def charge_address(self, address: str, cost: int) -> Awaitable[Decision]:
        """Charge whoever is not known by more than an address."""
        return self._charge(f"address:{address}", self._anonymous, cost)

    def charge_principal(self, principal: Principal, cost: int) -> Awaitable[Decision]:
        """Charge a consumer. All keys of a user on one plan share its quota: another key is no other quota."""
        plan = principal.plan
        return self._charge(f"user:{principal.user_uid}:{plan.value}", self._plans[plan], cost)

    async def redis_answers(self) -> bool | None:
        """Whether Redis answers in time; ``None`` where there is none."""
        return None if self._shared is None else await self._shared.answers()

    async def open(self) -> None:
        """Connect, where there is something to connect to."""
        if self._shared is not None:
            await self._shared.open()

    async def close(self) -> None:
        """Let go of connections and tasks."""
        await self.counting.close()

    async def _charge(self, subject: str, rules: PolicySet, cost: int) -> Decision:
        decision = await self._limiter.charge(subject, rules, cost)
        if cost:
            violated = decision.violated
            for policy, allowed, denied in self._counters.get(rules.name) or self._count(rules):
                (denied if violated and policy in violated else allowed).inc()
        return decision

    def _count(self, rules: PolicySet) -> _Counters:
        """The counters of these policies, found once."""
        labels = self._decisions.labels
        made = self._counters[rules.name] = tuple(
            (policy, labels(f"{rules.name}.{policy.name}", "allowed"), labels(f"{rules.name}.{policy.name}", "denied"))
            for policy in rules.policies
        )
        return made


def client_address(scope: Scope) -> str:
    """What stands for a client: its IPv4 address, or the network of a subscriber for IPv6, who has 2^64 addresses.

    The server has put the address there; behind a proxy it is the one that a trusted proxy tells (see ``serve``).
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
