"""Deliveries of events to webhook endpoints in v2."""

from functools import partial
from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from app.http.conditional import record_revision
from app.http.deps.webhooks import DeliveryReaderDep, RedeliveryServiceDep
from app.webhooks.delivery_views import DeliveryStatus
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.lists import NameList
from versions.kit.needs import READ_WEBHOOKS, WRITE_WEBHOOKS
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import SIGNED_IN, Success
from versions.v2.choices import InvalidChoice
from versions.v2.deliveries import mapping, schemas
from versions.v2.errors import operations
from versions.v2.ids import DeliveryId, EventId, WebhookEndpointId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, router
from versions.v2.tags import READ

EndpointIdPath = Annotated[WebhookEndpointId, Path(description="The id of the endpoint.")]
DeliveryIdPath = Annotated[DeliveryId, Path(description="The id of the delivery.")]
Types = Annotated[
    tuple[str, ...] | None,
    Query(description="Events of these types; all types by default.", examples=[["post.created", "post.published"]]),
    NameList(mapping.KNOWN, partial(InvalidChoice, "types", mapping.KNOWN)),
]
After = Annotated[
    EventId | None,
    Query(description="Deliveries of the events after this one. Not together with `cursor`."),
]
DeliveryPage = Page[schemas.Delivery]
_ACCEPTED: Final[Success] = {
    202: {"headers": {"Location": header("The URL of the new delivery.", required=True), **IDEMPOTENT_REPLAYED}}
}
_DELIVERY: Final[Links] = link_to("deliveries.get", "deliveries.redeliver", delivery_id="$response.body#/id")

deliveries = router("", "deliveries")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "deliveries",
            "description": (
                "Events on their way to webhook endpoints. A delivery is attempted at once and, after a failure, after "
                "5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, each 20 % shorter or longer; a "
                "`Retry-After` of the receiver can only lengthen a pause. Everything but a 2xx status within 15 "
                "seconds is a failure. An endpoint is disabled when a delivery fails for the last time and nothing has "
                "succeeded since its first attempt, or at once by a 410. Its owner gets a mail then, and one after "
                "four failures in a row. Events of a disabled endpoint, and of one whose version was retired, are "
                "`skipped`: recover them later.\n\n"
                "Deliveries start in the order of the events, but one that fails does not hold back the next: order "
                "by `timestamp`. Each is delivered at least once, and repeats have the same `webhook-id`. Deliveries "
                "are kept for 30 days."
            ),
        },
    ),
    routers=(deliveries,),
)


@deliveries.get(
    "/webhook-endpoints/{webhook_endpoint_id}/deliveries",
    **operations.declare("deliveries.list", security=SIGNED_IN, needs=READ_WEBHOOKS, fails=[404], success=LINK),
)
async def list_deliveries(
    request: Request,
    response: Response,
    webhook_endpoint_id: EndpointIdPath,
    reader: DeliveryReaderDep,
    types: Types = None,
    status: Annotated[DeliveryStatus | None, Query(description="Deliveries with this status.")] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> DeliveryPage:
    """List the deliveries of an endpoint in the order of their events, as `GET /events` lists these.

    `after` is the id of an event, the `webhook-id` of a message. One that the endpoint has no delivery of is 404
    `event_not_delivered`: then start without it.
    """
    wanted = mapping.wanted(types, status, after)
    found = await reader.page(known(webhook_endpoint_id), wanted, position(request, cursor), limit)
    return page(DeliveryPage, request, response, found, mapping.delivery)


@deliveries.get(
    "/deliveries/{delivery_id}",
    **operations.declare(
        "deliveries.get", security=SIGNED_IN, needs=READ_WEBHOOKS, fails=[404], success=READ, links={200: _DELIVERY}
    ),
)
async def get_delivery(
    request: Request, delivery_id: DeliveryIdPath, reader: DeliveryReaderDep
) -> schemas.DeliveryWithAttempts:
    """Get a delivery with its attempts: the status of each response and its first 4 kB."""
    view, attempts = await reader.get(known(delivery_id))
    record_revision(request, view.uid, view.attempt)
    return mapping.with_attempts(view, attempts)


@deliveries.post(
    "/deliveries/{delivery_id}/redeliver",
    status_code=202,
    dependencies=WRITE,
    **operations.declare(
        "deliveries.redeliver",
        security=SIGNED_IN,
        needs=WRITE_WEBHOOKS,
        fails=[404, 409],
        success=_ACCEPTED,
        links={202: _DELIVERY},
    ),
)
async def redeliver(
    request: Request, response: Response, delivery_id: DeliveryIdPath, service: RedeliveryServiceDep
) -> schemas.Delivery:
    """Deliver the event again, whatever became of the delivery: a new one with the same `webhook-id`.

    It has the present version of the endpoint. A disabled endpoint is 409 `webhook_endpoint_disabled`, a deleted event
    409 `event_deleted`.
    """
    created = mapping.delivery(await service.redeliver(known(delivery_id)))
    response.headers["Location"] = f"{request.scope['root_path']}/deliveries/{created.id}"
    return created
