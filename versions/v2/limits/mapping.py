"""From a decision to its shape in v2."""

from observability.rate_limit.limiter import Decision
from versions.v2.limits import schemas


def rate_limit(decision: Decision) -> schemas.RateLimit:
    """The caller's limits."""
    policies = [
        schemas.PolicyStanding(
            name=standing.policy.name,
            quota=standing.policy.quota,
            window=standing.policy.window,
            remaining=standing.remaining,
            reset=standing.reset,
        )
        for standing in decision.standings
    ]
    return schemas.RateLimit(plan=decision.rules.name, policies=policies)
