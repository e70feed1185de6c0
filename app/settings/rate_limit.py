"""Settings of rate limiting."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from app.settings.group import Group

QUOTA: Final = r"^[1-9][0-9]{0,8}/([1-9][0-9]{0,2} ?)?(second|minute|hour|day)s?$"
POLICY_NAME: Final = r"^[a-z][a-z0-9_-]{0,31}$"
MOST_POLICIES: Final = 8
LARGEST_COST: Final = 10
"""The units of the dearest operation of any version."""
PolicyName = Annotated[str, StringConstraints(pattern=POLICY_NAME)]
Policies = Annotated[
    dict[PolicyName, Annotated[str, StringConstraints(pattern=QUOTA)]], Field(min_length=1, max_length=MOST_POLICIES)
]
"""Limits by name, all of which apply: ``{"burst": "100/minute", "daily": "10000/day"}``."""


class RateLimitSettings(Group, name="rate_limit"):
    """Rate limits by address; those of plans are rows. ``auth.logins_per_minute`` always applies."""

    enabled: bool = Field(default=True, description="set to false if a gateway in front of this server limits requests")
    anonymous: Policies = Field({"burst": "120/minute", "daily": "10000/day"}, description="per client address")
    rejected_credentials: Policies = Field(
        {"rejected": "120/minute"}, description="requests with rejected credentials, per client address"
    )
    local_counters: int = Field(50_000, ge=1000, description="counters in memory; about 250 bytes each")
