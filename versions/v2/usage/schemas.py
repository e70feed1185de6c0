"""Schemas of usage in v2."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class UsageDay(BaseModel):
    """Requests with one API key, or without a key, on one day."""

    model_config = ConfigDict(extra="forbid")

    day: date = Field(description="The day in UTC.", examples=["2026-11-23"])
    api_key_id: str | None = Field(
        description=(
            "The API key; null: requests with an access token. "
            "After a rotation it is the newest key, and the numbers are those of all keys before it."
        ),
        examples=["key_01jwxq7c8gfq8sh1tbp9xqk3ma"],
    )
    requests: int = Field(description="All requests, also rejected ones.", ge=0, examples=[1200])
    errors: int = Field(description="Requests with a status of 400 or more, without rejected ones.", ge=0, examples=[3])
    rejections: int = Field(
        description="Requests that a rate limit (429) or an early brownout of the key (410) rejected.",
        ge=0,
        examples=[0],
    )
    deprecated_calls: int = Field(
        description="Requests to a deprecated version, or that used something deprecated.", ge=0, examples=[12]
    )
    p95_ms: float | None = Field(
        description=(
            "95 % of the requests that were not rejected took at most so many milliseconds. "
            "It is interpolated, at most 10000, and null if no request was served."
        ),
        ge=0,
        examples=[41.5],
    )
