"""Maps a rate-limit decision to its v2 schema."""

from observability.rate_limit.limiter import Decision
from versions.v2.limits import schemas


def rate_limit(decision: Decision) -> schemas.RateLimit:
    """Returns the caller's rate limits."""
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
