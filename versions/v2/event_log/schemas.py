"""Schemas of the log of events in v2."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Event(BaseModel):
    """Something that has happened. It never changes."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(
        description="The id of the event, which is the `webhook-id` of its deliveries.",
        examples=["evt_01jwxq7c8gfq8sh1tbp9xqk3ma"],
    )
    type: str = Field(
        description="What happened, as kind and verb. There will be others: ignore those that you do not know.",
        examples=["post.created"],
    )
    timestamp: datetime = Field(description="When it happened.", examples=["2026-11-23T12:00:00Z"])
    api_version: Literal["v2"] = Field(description="The version in which `data` is written.", examples=["v2"])
    data: dict[str, Any] = Field(
        description="The facts, by `type`: the same member as in the body of a webhook, where its schema is declared.",
        examples=[{"id": "post_01jwxq7c8gfq8sh1tbp9xqk3ma", "revision": 1, "status": "draft"}],
    )
