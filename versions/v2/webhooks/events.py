"""Events of webhook endpoints in v2."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType
from versions.kit.typeid import encode
from versions.v2.ids import WEBHOOK_ENDPOINT


class WebhookEndpointData(BaseModel):
    """A webhook endpoint was created, deleted or tested, has a new secret, or failed several times in a row."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the endpoint.", examples=["wh_01jwxq7c8gfq8sh1tbp9xqk3ma"])


class WebhookEndpointUpdatedData(BaseModel):
    """A webhook endpoint was changed."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the endpoint.", examples=["wh_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    changed: list[str] = Field(description="The names of the changed fields.", examples=[["url"]])


class WebhookEndpointDisabledData(BaseModel):
    """Deliveries to a webhook endpoint have stopped."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the endpoint.", examples=["wh_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    reason: str = Field(
        description="`gone`: it responded with 410; `failing`: it received nothing during all attempts of a delivery.",
        examples=["failing"],
    )


def _endpoint(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(WEBHOOK_ENDPOINT, event.subject_uid)}


def _updated(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(WEBHOOK_ENDPOINT, event.subject_uid), "changed": event.payload["changed"]}


def _disabled(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": encode(WEBHOOK_ENDPOINT, event.subject_uid), "reason": event.payload["reason"]}


EVENTS: Final = (
    EventType("webhook_endpoint.created", WebhookEndpointData, _endpoint),
    EventType("webhook_endpoint.deleted", WebhookEndpointData, _endpoint),
    EventType("webhook_endpoint.disabled", WebhookEndpointDisabledData, _disabled),
    EventType("webhook_endpoint.failing", WebhookEndpointData, _endpoint),
    EventType("webhook_endpoint.secret_rotated", WebhookEndpointData, _endpoint),
    EventType("webhook_endpoint.tested", WebhookEndpointData, _endpoint),
    EventType("webhook_endpoint.updated", WebhookEndpointUpdatedData, _updated),
)
