"""The audit trail in v2."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from app.audit.views import Outcome
from app.http.caching import Caching
from app.http.deps.audit import AuditReaderDep
from versions.kit.application import Resource
from versions.kit.needs import READ_AUDIT
from versions.kit.operations import SIGNED_IN
from versions.kit.typeid import SUFFIX_PATTERN
from versions.kit.values import Moment
from versions.v2.audit_events import mapping, schemas
from versions.v2.errors import operations
from versions.v2.ids import API_KEY, EXAMPLE_SUFFIX, SESSION, USER
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import router

ActorId = Annotated[
    str | None,
    Query(
        pattern=f"^(?:{USER}|{API_KEY})_{SUFFIX_PATTERN}$",
        description="Acts of this user, including those of the user's API keys, or of this API key.",
        examples=[f"{USER}_{EXAMPLE_SUFFIX}"],
    ),
]
TargetId = Annotated[
    str | None,
    Query(
        pattern=f"^(?:{USER}|{API_KEY}|{SESSION})_{SUFFIX_PATTERN}$",
        description="Acts on this user, API key or session.",
        examples=[f"{API_KEY}_{EXAMPLE_SUFFIX}"],
    ),
]
Action = Annotated[
    str | None,
    Query(
        max_length=60,
        pattern="^[a-z_]+[.][a-z_]+$",
        description="Acts of this kind.",
        examples=["api_key.revoked"],
    ),
]
Since = Annotated[Moment | None, Query(description="Acts from this time on.", examples=["2026-11-23T12:00:00Z"])]
Until = Annotated[Moment | None, Query(description="Acts before this time.", examples=["2036-11-23T12:00:00Z"])]

AuditEventPage = Page[schemas.AuditEvent]
audit_events = router("/audit-events", "audit_events")
RESOURCE: Final = Resource(
    tags=({"name": "audit_events", "description": "Who did what that matters to security. Kept for 400 days."},),
    routers=(audit_events,),
)


@audit_events.get(
    "",
    **operations.declare(
        "audit_events.list", security=SIGNED_IN, needs=READ_AUDIT, success=LINK, caching=Caching.CALLER
    ),
)
async def list_audit_events(
    request: Request,
    response: Response,
    reader: AuditReaderDep,
    actor_id: ActorId = None,
    target_id: TargetId = None,
    action: Action = None,
    outcome: Annotated[Outcome | None, Query(description="Acts with this outcome.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> AuditEventPage:
    """List audit events, newest first. Needs `audit:read`.

    With several of the filters `actor_id`, `target_id`, `action` and `outcome`, a page can have fewer events than
    `limit`, or none, although others follow: `has_more` tells.

    Each request is itself an audit event with the action `audit.read`, which a later request shows.
    """
    wanted = mapping.wanted(actor_id, target_id, action, outcome, since, until)
    found = await reader.page(wanted, position(request, cursor), limit)
    return page(AuditEventPage, request, response, found, mapping.audit_event)
