"""Schemas of rate limits in v2."""

from pydantic import BaseModel, ConfigDict, Field


class PolicyStanding(BaseModel):
    """One policy and the caller's use of it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="As in `RateLimit-Policy`.", examples=["burst"])
    quota: int = Field(description="Units in a window.", ge=1, examples=[300])
    window: int = Field(description="Length of the window in seconds.", ge=1, examples=[60])
    remaining: int = Field(description="Remaining units.", ge=0, examples=[295])
    reset: int = Field(
        description="Seconds until more units are available; with fewer than 10 left, until there are 10.",
        ge=0,
        examples=[12],
    )


class RateLimit(BaseModel):
    """The limits of the caller."""

    model_config = ConfigDict(extra="forbid")

    plan: str = Field(
        description="A plan such as `free` or `test`; or `anonymous`, which is counted by client address.",
        examples=["free"],
    )
    policies: list[PolicyStanding] = Field(description="The policies; all apply at the same time.")
