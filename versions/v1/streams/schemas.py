"""Schemas of streams in v1."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class Event(BaseModel):
    """Something that has happened, as a webhook receives it."""

    type: str = Field(description="What happened.", examples=["post.created"])
    timestamp: datetime = Field(description="When it happened.", examples=["2026-11-23T12:00:00Z"])
    api_version: Literal["v1"] = Field(description="The version in which `data` is written.", examples=["v1"])
    data: dict[str, Any] = Field(description="The facts.", examples=[{"id": 1}])
