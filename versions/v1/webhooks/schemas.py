"""Schemas of webhooks in v1."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from versions.kit.values import text

Url = Annotated[str, text(min_length=1, max_length=2000)]
EventName = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z_]+\.[a-z_]+$")]


class WebhookCreate(BaseModel):
    """A webhook to create."""

    url: Url = Field(
        description="Where messages are sent: https, to a public address.",
        examples=["https://hooks.example.com/strata"],
    )
    events: list[EventName] = Field(
        default_factory=list,
        max_length=100,
        description="The types of the events to deliver; an empty list: all.",
        examples=[["post.created", "post.published"]],
    )


class WebhookResponse(BaseModel):
    """A webhook."""

    id: int = Field(description="The sequential id.", examples=[1])
    url: str = Field(description="Where messages are sent.", examples=["https://hooks.example.com/strata"])
    events: list[str] = Field(
        description="The types of the events to deliver; an empty list: all.",
        examples=[["post.created", "post.published"]],
    )
    is_active: bool = Field(description="Whether events are delivered.", examples=[True])
    created_at: datetime = Field(description="When it was created.", examples=["2026-11-23T12:00:00Z"])


class WebhookCreated(WebhookResponse):
    """A new webhook with its secret, which no other response shows."""

    secret: str = Field(
        description="Verifies the messages (Standard Webhooks 1.0.0): the Base64 after the prefix is the key.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )


class WebhooksTriggered(BaseModel):
    """Workers deliver the messages."""

    status: Literal["queued"] = Field(description="Always `queued`.", examples=["queued"])
