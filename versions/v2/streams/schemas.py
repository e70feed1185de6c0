"""Schemas of streams in v2."""

from datetime import datetime

from pydantic import BaseModel, Field


class StreamSession(BaseModel):
    """A browser that may open streams with a cookie."""

    expires_at: datetime = Field(
        description="When the cookie ends, unless a stream is opened before.", examples=["2026-11-23T13:15:00Z"]
    )
