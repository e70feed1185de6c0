"""Schemas of deliveries in v2."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.webhooks.delivery_views import DeliveryKind, DeliveryStatus


class Delivery(BaseModel):
    """An event on its way to a webhook endpoint."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the delivery.", examples=["dlv_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    webhook_endpoint_id: str = Field(description="The id of the endpoint.", examples=["wh_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    event_id: str = Field(
        description="The id of the event, which is the `webhook-id` of each attempt.",
        examples=["evt_01jwxq7c8gfq8sh1tbp9xqk3ma"],
    )
    type: str = Field(description="The type of the event.", examples=["post.created"])
    api_version: str = Field(
        description="The version in which the event is delivered.", pattern="^v[1-9][0-9]*$", examples=["v2"]
    )
    kind: DeliveryKind = Field(
        description="`manual` if it was requested, as a redelivery or a recovery.", examples=["automatic"]
    )
    status: DeliveryStatus = Field(
        description="`pending` also while the delivery waits for another attempt. `failed`: its attempts are used up, "
        "or `reason` says why there was none.",
        examples=["succeeded"],
    )
    reason: str | None = Field(
        description="Why the delivery ended early: `endpoint_disabled` and `version_retired` if it was "
        "skipped, `event_deleted` and `event_not_rendered` if it failed because the event was deleted, or could not be "
        "written in the version of the endpoint. Null for others.",
        examples=[None],
    )
    attempt_count: int = Field(description="How many attempts have started.", ge=0, examples=[1])
    next_attempt_at: datetime | None = Field(
        description="When the next attempt is due; null if none waits.", examples=[None]
    )
    created_at: datetime = Field(
        description="When the event was found to be due to the endpoint.", examples=["2026-11-23T12:00:00Z"]
    )
    first_attempt_at: datetime | None = Field(
        description="When the first attempt started.", examples=["2026-11-23T12:00:01Z"]
    )
    finished_at: datetime | None = Field(
        description="When the delivery succeeded, failed or was skipped; null until then.",
        examples=["2026-11-23T12:00:02Z"],
    )


class DeliveryAttempt(BaseModel):
    """A request of a delivery."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(
        description="The number of the attempt. One whose worker ended before its result is missing.",
        ge=1,
        examples=[1],
    )
    started_at: datetime = Field(description="When it started.", examples=["2026-11-23T12:00:01Z"])
    duration_ms: int = Field(description="The milliseconds until the end of the response.", ge=0, examples=[87])
    status: int | None = Field(
        description="The status of the response; null without a response.", ge=100, le=999, examples=[204]
    )
    error: str | None = Field(
        description="Why there is no response: `timeout`, `unreachable`, `tls`, `unresolved`, `forbidden_address`; "
        "`unreadable_secret`: nothing was sent, and the secret must be replaced; `worker_ended`: its worker ended "
        "during the last attempt.",
        examples=[None],
    )
    response: str | None = Field(description="The first 4 kB of the response.", examples=["ok"])
    trace_id: str | None = Field(
        description="The trace of the attempt, which the receiver gets as `traceparent`.",
        examples=["4bf92f3577b34da6a3ce929d0e0e4736"],
    )


class DeliveryWithAttempts(Delivery):
    """A delivery with its attempts."""

    attempts: list[DeliveryAttempt] = Field(description="The attempts with a result, the first one first.")
