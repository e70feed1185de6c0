"""Webhook endpoints in v2."""

from typing import Annotated, ClassVar, Final

from fastapi import Body, Path, Query, Request, Response

from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.webhooks import EndpointTesterDep, RedeliveryServiceDep, WebhookReaderDep, WebhookServiceDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import DELETE_WEBHOOKS, DIRECT_WEBHOOKS, READ_WEBHOOKS, WRITE_WEBHOOKS
from versions.kit.openapi import header
from versions.kit.operations import SIGNED_IN, Success
from versions.kit.values import Moment
from versions.v2.errors import operations
from versions.v2.ids import WebhookEndpointId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, PatchRoute, V2Route, router
from versions.v2.tags import READ
from versions.v2.webhooks import mapping, schemas

EndpointIdPath = Annotated[WebhookEndpointId, Path(description="The id of the endpoint.")]
PatchBody = Annotated[schemas.WebhookEndpointPatch, Body(media_type="application/merge-patch+json")]
Since = Annotated[
    Moment,
    Query(description="Events that were to be delivered from this time on.", examples=["2026-11-23T12:00:00Z"]),
]
EndpointPage = Page[schemas.WebhookEndpoint]
_ENDPOINT: Final[Links] = link_to(
    "webhook_endpoints.get",
    "webhook_endpoints.update",
    "webhook_endpoints.rotate_secret",
    "webhook_endpoints.test",
    "webhook_endpoints.delete",
    "deliveries.list",
    webhook_endpoint_id="$response.body#/id",
)
_LISTED: Final[Links] = link_to("deliveries.list", webhook_endpoint_id="$request.path.webhook_endpoint_id")
_CREATED: Final[Success] = {201: {"headers": {"Location": header("The URL of the new endpoint.", required=True)}}}


class SendRoute(V2Route):
    """Sends a new message with each request, outside of any transaction."""

    idempotent: ClassVar[bool] = False


endpoints = router("/webhook-endpoints", "webhook_endpoints")
patches = router("/webhook-endpoints", "webhook_endpoints", PatchRoute)
sends = router("/webhook-endpoints", "webhook_endpoints", SendRoute)
_DESCRIPTION: Final = (
    "URLs that receive events: public ones and those of their owner. Messages are signed as Standard Webhooks 1.0.0 "
    "says: `webhook-id`, `webhook-timestamp` and `webhook-signature`. Verify the signature over the bytes of the body "
    "as they arrived, before you parse it.\n\n"
    "The URL must be https on port 443 or one from 1024 on, and every address of its host must be public. This is "
    "checked at the registration and again before each message. Redirects are not followed."
)
RESOURCE: Final = Resource(
    tags=({"name": "webhook_endpoints", "description": _DESCRIPTION},), routers=(endpoints, patches, sends)
)


@endpoints.get(
    "", **operations.declare("webhook_endpoints.list", security=SIGNED_IN, needs=READ_WEBHOOKS, success=LINK)
)
async def list_endpoints(
    request: Request, response: Response, reader: WebhookReaderDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> EndpointPage:
    """List the caller's webhook endpoints, newest first."""
    found = await reader.page(position(request, cursor), limit)
    return page(EndpointPage, request, response, found, mapping.endpoint)


@endpoints.post(
    "",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "webhook_endpoints.create",
        security=SIGNED_IN,
        needs=DIRECT_WEBHOOKS,
        fails=[409],
        success=_CREATED,
        links={201: _ENDPOINT},
        caching=Caching.NEVER,
    ),
)
async def create_endpoint(
    request: Request, response: Response, body: schemas.WebhookEndpointCreate, service: WebhookServiceDep
) -> schemas.WebhookEndpointWithSecret:
    """Create an endpoint. The response is the only one that shows its secret.

    A URL that leads to an address that is not public is 422 `webhook_url_refused`. The plan limits the number of
    endpoints: one too many is 409 `too_many_webhook_endpoints`.
    """
    created = mapping.with_secret(*await service.create(mapping.draft(body)))
    response.headers["Location"] = f"{request.scope['root_path']}/webhook-endpoints/{created.id}"
    return created


@endpoints.get(
    "/{webhook_endpoint_id}",
    **operations.declare(
        "webhook_endpoints.get",
        security=SIGNED_IN,
        needs=READ_WEBHOOKS,
        fails=[404],
        success=READ,
        links={200: _ENDPOINT},
    ),
)
async def get_endpoint(
    request: Request, webhook_endpoint_id: EndpointIdPath, reader: WebhookReaderDep
) -> schemas.WebhookEndpoint:
    """Get one of the caller's endpoints."""
    view = await reader.endpoint(known(webhook_endpoint_id))
    record_revision(request, view.uid, 1)
    return mapping.endpoint(view)


@patches.patch(
    "/{webhook_endpoint_id}",
    dependencies=WRITE,
    **operations.declare(
        "webhook_endpoints.update",
        security=SIGNED_IN,
        needs=DIRECT_WEBHOOKS,
        fails=[404, 409],
        links={200: _ENDPOINT},
    ),
)
async def edit_endpoint(
    webhook_endpoint_id: EndpointIdPath, body: PatchBody, service: WebhookServiceDep
) -> schemas.WebhookEndpoint:
    """Change an endpoint with a JSON merge patch (RFC 7396): disable it, or let an endpoint of v1 receive v2."""
    return mapping.endpoint(await service.edit(known(webhook_endpoint_id), mapping.edit(body)))


@endpoints.delete(
    "/{webhook_endpoint_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("webhook_endpoints.delete", security=SIGNED_IN, needs=DELETE_WEBHOOKS, fails=[404, 409]),
)
async def delete_endpoint(webhook_endpoint_id: EndpointIdPath, service: WebhookServiceDep) -> None:
    """Delete an endpoint."""
    await service.delete(known(webhook_endpoint_id))


@endpoints.post(
    "/{webhook_endpoint_id}/rotate-secret",
    dependencies=WRITE,
    **operations.declare(
        "webhook_endpoints.rotate_secret",
        security=SIGNED_IN,
        needs=WRITE_WEBHOOKS,
        fails=[404, 409],
        links={200: _ENDPOINT},
        caching=Caching.NEVER,
    ),
)
async def rotate_secret(
    webhook_endpoint_id: EndpointIdPath, body: schemas.SecretRotation, service: WebhookServiceDep
) -> schemas.WebhookEndpointWithSecret:
    """Replace the secret. The response is the only one that shows the new one.

    The previous secret signs during the overlap, too: each message then has two signatures. A second rotation during
    the overlap ends the first secret.
    """
    return mapping.with_secret(*await service.rotate(known(webhook_endpoint_id), mapping.overlap(body)))


@sends.post(
    "/{webhook_endpoint_id}/test",
    **operations.declare(
        "webhook_endpoints.test", security=SIGNED_IN, needs=WRITE_WEBHOOKS, fails=[404], caching=Caching.NEVER
    ),
)
async def test_endpoint(webhook_endpoint_id: EndpointIdPath, tester: EndpointTesterDep) -> schemas.WebhookTest:
    """Send a `webhook_endpoint.tested` message at once, also to a disabled endpoint, and see what was signed.

    The receiver has 5 seconds. The response is 200 whatever the receiver does: `succeeded` tells. An
    `Idempotency-Key` is ignored: each request sends a message of its own, which is not listed or repeated.
    """
    return mapping.test(await tester.send(known(webhook_endpoint_id)))


@endpoints.post(
    "/{webhook_endpoint_id}/recover",
    status_code=202,
    dependencies=WRITE,
    **operations.declare(
        "webhook_endpoints.recover", security=SIGNED_IN, needs=WRITE_WEBHOOKS, fails=[404, 409], links={202: _LISTED}
    ),
)
async def recover_deliveries(
    webhook_endpoint_id: EndpointIdPath, since: Since, service: RedeliveryServiceDep
) -> schemas.Recovery:
    """Deliver again what failed or was skipped since a time, such as while the endpoint was disabled.

    Events that the endpoint has received meanwhile are left out, so a repeated request delivers nothing twice. One
    request recovers 5,000 events, the oldest first: repeat it until `complete` is true. A disabled endpoint is 409
    `webhook_endpoint_disabled`.
    """
    return mapping.recovery(await service.recover(known(webhook_endpoint_id), since))
