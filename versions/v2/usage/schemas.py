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


class UsedElement(BaseModel):
    """A parameter, a member of a body, a media type, or a response member that is declared as read."""

    model_config = ConfigDict(extra="forbid")

    element: str = Field(
        description=(
            "`query:name`, `header:name`, `cookie:name`, `media:type`, `body:/pointer` or `reads:/pointer`, where "
            "`*` stands for each item or name."
        ),
        examples=["body:/title"],
    )
    present: int = Field(description="Observed requests or objects with the element.", ge=1, examples=[38])
    possible: int = Field(description="Observed requests or objects that could have it.", ge=1, examples=[40])
    deprecated: bool = Field(description="Whether the element is deprecated in its version.", examples=[False])
    missing_in_successor: bool | None = Field(
        description="Whether the successor of the operation lacks an element of this name; null if no version follows.",
        examples=[None],
    )


class UsedOperation(BaseModel):
    """The requests of the caller for one operation of one version."""

    model_config = ConfigDict(extra="forbid")

    api_version: str = Field(description="The version of the API.", examples=["v2"])
    operation: str = Field(description="Method and path.", examples=["POST /posts"])
    requests: int = Field(description="All requests.", ge=0, examples=[1200])
    observed: int = Field(
        description="Accepted requests that were observed; the elements are theirs.", ge=0, examples=[40]
    )
    deprecated: bool = Field(description="Whether the operation is deprecated.", examples=[False])
    successor_version: str | None = Field(description="The version that follows; null if none does.", examples=[None])
    successor: str | None = Field(
        description="The operation that follows in that version; null if none does.", examples=[None]
    )
    elements: list[UsedElement] = Field(description="What the observed requests contain, by name.")
