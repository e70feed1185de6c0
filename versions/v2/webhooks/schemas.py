"""Schemas of webhook endpoints in v2."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from versions.kit.values import WHOLE, text
from versions.v2.ids import V1Id

Url = Annotated[
    str,
    text(min_length=1, max_length=2000),
    Field(
        description="Where messages are sent: https, to a public address, on port 443 or one from 1024 on.",
        examples=["https://hooks.example.com/strata"],
    ),
]
EventName = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z_]+\.[a-z_]+$")]
Events = Annotated[
    list[EventName],
    Field(
        max_length=100,
        description="The types of the events to deliver; an empty list: all that this version knows.",
        examples=[["post.created", "post.published"]],
    ),
]
Description = Annotated[
    str, text(max_length=500), Field(description="What the endpoint is for.", examples=["Production"])
]
State = Literal["active", "disabled"]
MAX_OVERLAP: Final = 7 * 86_400


class WebhookEndpointCreate(BaseModel):
    """An endpoint to create. It receives events in this version."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    events: Events = Field(default_factory=list)
    description: Description = ""


class WebhookEndpointPatch(BaseModel):
    """A merge patch: absent members stay unchanged, and none can be null."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(default_factory=str)
    events: Events = Field(default_factory=list)
    description: Description = Field(default_factory=str)
    api_version: Literal["v2"] = Field(
        default_factory=lambda: "v2", description="The endpoint then receives events in this version.", examples=["v2"]
    )
    state: State = Field(
        default_factory=lambda: "active",
        description="`disabled` stops deliveries, `active` starts them again.",
        examples=["active"],
    )


class WebhookEndpoint(BaseModel):
    """A URL that receives events: public ones and those of its owner."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the endpoint.", examples=["wh_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id
    url: str = Field(description="Where messages are sent.", examples=["https://hooks.example.com/strata"])
    events: list[str] = Field(
        description="The types of the events to deliver; an empty list: all that its version knows.",
        examples=[["post.created", "post.published"]],
    )
    description: str = Field(description="What the endpoint is for.", examples=["Production"])
    api_version: str = Field(
        description="The version in which the endpoint receives events: the one that created it.",
        pattern="^v[1-9][0-9]*$",
        examples=["v2"],
    )
    state: State = Field(description="Whether events are delivered.", examples=["active"])
    disabled_reason: str | None = Field(
        description="Why the endpoint is disabled: `by_owner`; `gone`, its receiver responded with 410; `failing`, it "
        "received nothing during all attempts of a delivery. Null while it is active.",
        examples=[None],
    )
    disabled_at: datetime | None = Field(description="Since when it is disabled.", examples=[None])
    created_at: datetime = Field(description="When it was created.", examples=["2026-11-23T12:00:00Z"])


class WebhookEndpointWithSecret(WebhookEndpoint):
    """An endpoint with its new secret, which no other response shows."""

    secret: str = Field(
        description="Verifies the messages (Standard Webhooks 1.0.0): the Base64 after the prefix is the key.",
        pattern="^whsec_[0-9A-Za-z+/]{43}=$",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )


class SecretRotation(BaseModel):
    """How to replace a secret."""

    model_config = ConfigDict(extra="forbid")

    overlap_seconds: Annotated[int, Field(strict=True, ge=0, le=MAX_OVERLAP), WHOLE] = Field(
        default=86_400,
        description="For how long the previous secret signs, too. Meanwhile each message has two signatures.",
        examples=[86_400],
    )


class WebhookTest(BaseModel):
    """What was signed and sent, and the response of the receiver."""

    model_config = ConfigDict(extra="forbid")

    webhook_id: str = Field(description="The `webhook-id` of the message.", examples=["evt_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    webhook_timestamp: int = Field(description="The `webhook-timestamp`.", ge=0, examples=[1_795_608_000])
    body_length: int = Field(description="The bytes of the body.", ge=0, examples=[160])
    body_sha256: str = Field(
        description="The SHA-256 of the body. A receiver that verifies another body has changed it.",
        pattern="^[0-9a-f]{64}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    succeeded: bool = Field(description="Whether the receiver responded with a 2xx status.", examples=[True])
    status: int | None = Field(
        description="The status of the response; null without a response.", ge=100, le=999, examples=[204]
    )
    error: str | None = Field(
        description="Why there is no response: `timeout`, `unreachable`, `tls`, `unresolved`, `forbidden_address`; or "
        "`unreadable_secret`: nothing was sent, and the secret must be replaced.",
        examples=[None],
    )
    response: str | None = Field(description="The first 4 kB of the response.", examples=["ok"])
    duration_ms: int = Field(description="The milliseconds until the end of the response.", ge=0, examples=[87])


class Recovery(BaseModel):
    """What is delivered again."""

    model_config = ConfigDict(extra="forbid")

    recovered: int = Field(description="The number of events that are delivered again.", ge=0, examples=[12])
    complete: bool = Field(description="Whether no other event is left to recover.", examples=[True])
