"""Settings of rate limiting."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from app.settings.group import Group, StrictModel

_QUOTA: Final = r"^[1-9][0-9]{0,8}/([1-9][0-9]{0,2} ?)?(second|minute|hour|day)s?$"
PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Policies = Annotated[
    dict[PolicyName, Annotated[str, StringConstraints(pattern=_QUOTA)]], Field(min_length=1, max_length=8)
]
"""Limits by name, all of which apply: ``{"burst": "100/minute", "daily": "10000/day"}``."""


class PlanPolicies(StrictModel):
    """The limits of a consumer by plan. Searches and batches cost several units: see ``x-rate-limit-cost``."""

    free: Policies = Field({"burst": "300/minute", "daily": "20000/day"})
    pro: Policies = Field({"burst": "3000/minute", "daily": "1000000/day"})
    enterprise: Policies = Field({"burst": "30000/minute", "daily": "20000000/day"})
    test: Policies = Field({"burst": "60/minute", "daily": "2000/day"})


class RateLimitSettings(Group, name="rate_limit"):
    """Rate limits by address and plan. The limit on sign-in is ``auth.logins_per_minute`` and always applies."""

    enabled: bool = Field(default=True, description="set to false if a gateway in front of this server limits requests")
    anonymous: Policies = Field({"burst": "120/minute", "daily": "10000/day"}, description="per client address")
    rejected_credentials: Policies = Field(
        {"rejected": "120/minute"}, description="requests with rejected credentials, per client address"
    )
    plans: PlanPolicies = PlanPolicies()
    local_counters: int = Field(50_000, ge=1000, description="counters in memory; about 250 bytes each")
