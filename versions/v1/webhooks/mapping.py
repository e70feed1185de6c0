"""Maps webhooks between v1 schemas and the core."""

from typing import Any, Final

from app.webhooks.commands import EndpointDraft
from app.webhooks.views import EndpointView
from versions.v1.events import RENDERER
from versions.v1.webhooks import schemas

KNOWN: Final = RENDERER.types.keys()
"""The types of the events of this version."""


def draft(body: schemas.WebhookCreate) -> EndpointDraft:
    """Returns the endpoint to create."""
    return EndpointDraft(body.url, body.events, RENDERER.version, KNOWN)


def webhook(view: EndpointView) -> schemas.WebhookResponse:
    """Returns the v1 representation of an endpoint."""
    return schemas.WebhookResponse.model_construct(**_values(view))


def created(view: EndpointView, secret: str) -> schemas.WebhookCreated:
    """Returns the v1 representation of a new endpoint."""
    return schemas.WebhookCreated.model_construct(**_values(view), secret=secret)


def _values(view: EndpointView) -> dict[str, Any]:
    return {
        "id": view.id,
        "url": view.url,
        "events": list(view.events),
        "is_active": view.state == "active",
        "created_at": view.created_at,
    }
