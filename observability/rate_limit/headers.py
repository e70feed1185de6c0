"""Tells a client where it stands. One dialect for each generation of the fields, and of our versions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import http_sf
from http_sf.types import ListType, ParamsType

from observability.rate_limit.limiter import Decision
from observability.rate_limit.policies import PolicySet

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a version speaks of limits: what it sends, and what its contract says of each field."""

    fields: Callable[[Decision], Fields]
    descriptions: Mapping[str, str]


def _triple(decision: Decision) -> Fields:
    """The policy that will stop the caller first: there is room for one."""
    tightest = min(decision.standings, key=lambda standing: (standing.remaining, -standing.reset))
    return [
        (b"x-ratelimit-limit", b"%d" % tightest.policy.quota),
        (b"x-ratelimit-remaining", b"%d" % tightest.remaining),
        (b"x-ratelimit-reset", b"%d" % (decision.at + tightest.reset)),
    ]


def _draft_11(decision: Decision) -> Fields:
    policies, names = _declared(decision.rules)
    states = [
        b"%b;r=%d;t=%d" % (name, left, reset) for name, (_, left, reset) in zip(names, decision.standings, strict=True)
    ]
    return [(b"ratelimit-policy", policies), (b"ratelimit", b",".join(states))]


@lru_cache(maxsize=64)
def _declared(rules: PolicySet) -> tuple[bytes, tuple[bytes, ...]]:
    """What does not change with a request: the list of policies, and each name as a structured-field string.

    Only integers are left to be added, which a structured field writes as everybody does.
    """
    policies: ListType = []
    for policy in rules.policies:
        parameters: ParamsType = {"q": policy.quota, "w": policy.window}
        policies.append((policy.name, parameters))
    whole = http_sf.ser(policies)
    names = (http_sf.ser((policy.name, {})) for policy in rules.policies)
    return whole.encode("ascii"), tuple(name.encode("ascii") for name in names)


X_RATELIMIT: Final = Dialect(
    _triple,
    {
        "X-RateLimit-Limit": "The quota of the policy that is nearest to its end.",
        "X-RateLimit-Remaining": "How many units of it are left.",
        "X-RateLimit-Reset": "When there will be more, in seconds since the epoch.",
    },
)
DRAFT_11: Final = Dialect(
    _draft_11,
    {
        "RateLimit-Policy": "The policies that hold for the caller: quota `q` in a window of `w` seconds.",
        "RateLimit": "Units left of each (`r`), and seconds until there are more (`t`).",
    },
)
"""draft-ietf-httpapi-ratelimit-headers-11, on structured fields (RFC 9651)."""
