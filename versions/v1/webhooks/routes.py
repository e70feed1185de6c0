"""Webhooks in v1."""

from typing import Annotated, Final

from fastapi import Query

from app.http.caching import Caching
from app.http.deps.webhooks import EndpointTriggerDep, WebhookReaderDep, WebhookServiceDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import DELETE_WEBHOOKS, DIRECT_WEBHOOKS, READ_WEBHOOKS, WRITE_WEBHOOKS
from versions.kit.operations import SIGNED_IN
from versions.v1.errors import operations
from versions.v1.routing import Id, number, router
from versions.v1.webhooks import mapping, schemas

_WEBHOOK: Final[Links] = link_to("webhooks.delete", webhook_id="$response.body#/id")

TriggerEvent = Annotated[schemas.EventName, Query(description="The type of event.", examples=["post.created"])]

webhooks = router("/webhooks", "webhooks")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "webhooks",
            "description": "URLs that receive public events and your own, signed as Standard Webhooks 1.0.0 says.",
        },
    ),
    routers=(webhooks,),
)


@webhooks.get("", **operations.declare("webhooks.list", security=SIGNED_IN, needs=READ_WEBHOOKS))
async def list_webhooks(reader: WebhookReaderDep) -> list[schemas.WebhookResponse]:
    """List the caller's webhooks, oldest first."""
    return [mapping.webhook(view) for view in await reader.endpoints()]


@webhooks.post(
    "",
    status_code=201,
    **operations.declare(
        "webhooks.create",
        security=SIGNED_IN,
        needs=DIRECT_WEBHOOKS,
        fails=[409],
        links={201: _WEBHOOK},
        caching=Caching.NEVER,
    ),
)
async def create_webhook(body: schemas.WebhookCreate, service: WebhookServiceDep) -> schemas.WebhookCreated:
    """Create a webhook, which receives events in this version. The response is the only one that shows its secret."""
    return mapping.created(*await service.create(mapping.draft(body)))


@webhooks.post(
    "/trigger",
    **operations.declare("webhooks.trigger", security=SIGNED_IN, needs=WRITE_WEBHOOKS),
)
async def trigger_webhooks(event: TriggerEvent, trigger: EndpointTriggerDep) -> schemas.WebhooksTriggered:
    """Send a test to each of the caller's active webhooks that receive events of a type.

    A worker delivers a `webhook_endpoint.tested` message to each, as it delivers events.
    """
    await trigger.trigger(event, mapping.KNOWN)
    return schemas.WebhooksTriggered(status="queued")


@webhooks.delete(
    "/{webhook_id}",
    status_code=204,
    **operations.declare("webhooks.delete", security=SIGNED_IN, needs=DELETE_WEBHOOKS, fails=[404]),
)
async def delete_webhook(webhook_id: Id, service: WebhookServiceDep) -> None:
    """Delete a webhook."""
    await service.delete(number(webhook_id))
