"""Events of webhooks in v1."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from app.events.stored import StoredEvent
from versions.kit.events import EventType


class WebhookTestedData(BaseModel):
    """The owner of a webhook asked for a message."""

    id: int = Field(description="The sequential id of the webhook.", examples=[1])


def _webhook(event: StoredEvent) -> Mapping[str, Any]:
    return {"id": event.subject_id}


EVENTS: Final = (EventType("webhook_endpoint.tested", WebhookTestedData, _webhook),)
