"""Rate-limit response headers, in the older and in the current form of the fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import http_sf
from http_sf.types import ListType, ParamsType

from observability.rate_limit.limiter import Decision
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.windows import seconds

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The fields that a version sends, and their descriptions in its contract."""

    fields: Callable[[Decision], Fields]
    shared_fields: Callable[[Decision], Fields]
    """The fields of a response that a shared cache may store. They are equal for all callers of a policy set."""
    descriptions: Mapping[str, str]
    shared_names: frozenset[str] = frozenset()
    """The names of ``shared_fields``."""


def _x_ratelimit(decision: Decision) -> Fields:
    """Return the state of the policy that will be exhausted first; these fields have room for one policy.

    After a rejection it is a violated policy, and the reset is when the same request would be allowed: an operation of
    several units needs more than the next unit, and all policies must admit it.
    """
    violated, standings = decision.violated, decision.standings
    if violated:
        standings = tuple(standing for standing in standings if standing.policy in violated)
    tightest = min(standings, key=lambda standing: (standing.remaining, -standing.pause))
    pause = decision.pause if violated else tightest.pause
    return [
        (b"x-ratelimit-limit", b"%d" % tightest.policy.quota),
        (b"x-ratelimit-remaining", b"%d" % tightest.remaining),
        # Rounded up once: a client that waits until then is never too early.
        (b"x-ratelimit-reset", b"%d" % seconds(decision.now + pause)),
    ]


def _draft_11(decision: Decision) -> Fields:
    policies, names = _declared(decision.rules)
    states = [
        b"%b;r=%d;t=%d" % (name, left, seconds(pause))
        for name, (_, left, pause) in zip(names, decision.standings, strict=True)
    ]
    return [(b"ratelimit-policy", policies), (b"ratelimit", b",".join(states))]


def _policies(decision: Decision) -> Fields:
    return [(b"ratelimit-policy", _declared(decision.rules)[0])]


def _first_quota(decision: Decision) -> Fields:
    return [(b"x-ratelimit-limit", b"%d" % decision.rules.policies[0].quota)]


@lru_cache(maxsize=64)
def _declared(rules: PolicySet) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the list of policies, and each name as a structured-field string; neither depends on the request.

    The rest are integers, which structured fields write in plain decimal form.
    """
    policies: ListType = []
    for policy in rules.policies:
        parameters: ParamsType = {"q": policy.quota, "w": policy.window}
        policies.append((policy.name, parameters))
    whole = http_sf.ser(policies)
    names = (http_sf.ser((policy.name, {})) for policy in rules.policies)
    return whole.encode("ascii"), tuple(name.encode("ascii") for name in names)


X_RATELIMIT: Final = Dialect(
    _x_ratelimit,
    _first_quota,
    {
        "X-RateLimit-Limit": "The quota of the policy that is nearest to its end.",
        "X-RateLimit-Remaining": "How many units of it are left.",
        "X-RateLimit-Reset": "When there will be more, in seconds since the epoch, rounded up.",
    },
    frozenset({"X-RateLimit-Limit"}),
)
DRAFT_11: Final = Dialect(
    _draft_11,
    _policies,
    {
        "RateLimit-Policy": "The policies that hold for the caller: quota `q` in a window of `w` seconds.",
        "RateLimit": "Units left of each (`r`), and seconds until there are more (`t`), rounded up. "
        "With fewer than 10 left, `t` is the time until there are 10, the cost of the dearest operation.",
    },
    frozenset({"RateLimit-Policy"}),
)
"""draft-ietf-httpapi-ratelimit-headers-11, on structured fields (RFC 9651)."""
