"""The log of events in v2."""

from functools import partial
from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from app.event_log.errors import EventNotFound
from app.events.render_failures import RenderFailures
from app.events.stored import StoredEvent
from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.event_log import EventLogReaderDep
from app.http.runtime import runtime_of
from app.kit.db.keyset import Slice
from versions.kit.application import Resource
from versions.kit.lists import NameList
from versions.kit.needs import READ_EVENTS
from versions.kit.operations import SIGNED_IN
from versions.v2.choices import InvalidChoice
from versions.v2.errors import operations
from versions.v2.event_log import mapping, schemas
from versions.v2.ids import EventId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import router
from versions.v2.tags import READ

Types = Annotated[
    tuple[str, ...] | None,
    Query(description="Events of these types; all types by default.", examples=[["post.created", "post.published"]]),
    NameList(mapping.KNOWN, partial(InvalidChoice, "types", mapping.KNOWN)),
]
After = Annotated[
    EventId | None,
    Query(description="Events after this one: the last that you have handled. Not together with `cursor`."),
]
EventIdPath = Annotated[EventId, Path(description="The id of the event.")]
EventPage = Page[schemas.Event]

events = router("/events", "events")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "events",
            "description": (
                "What has happened, in one order for all readers: public events and your own. A change and its events "
                "are committed together, so none is missing and none is repeated. Events are kept for 30 days."
            ),
        },
    ),
    routers=(events,),
)


@events.get(
    "",
    **operations.declare(
        "events.list", security=SIGNED_IN, needs=READ_EVENTS, fails=[404], success=LINK, caching=Caching.CALLER
    ),
)
async def list_events(
    request: Request,
    response: Response,
    reader: EventLogReaderDep,
    types: Types = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> EventPage:
    """List events, oldest first. Needs `events:read`; with `events:read_all` also those of other users.

    To catch up, pass the id of the last event that you have handled as `after`. An event that does not exist, or
    that you may not read, is 404 `event_not_found`: then start without `after`.
    One that was deleted, as events are after 30 days, is 404 `events_deleted`, for a `cursor` too: read the present
    state of what you follow, then start again without them.
    """
    wanted = mapping.wanted(types, after)
    found = await reader.page(wanted, position(request, cursor), limit)
    return page(EventPage, request, response, _all_rendered(request, found), lambda shown: shown)


@events.get(
    "/{event_id}", **operations.declare("events.get", security=SIGNED_IN, needs=READ_EVENTS, fails=[404], success=READ)
)
async def get_event(request: Request, event_id: EventIdPath, reader: EventLogReaderDep) -> schemas.Event:
    """Get an event by its id."""
    found = await reader.get(known(event_id), mapping.KNOWN)
    record_revision(request, found.uid, 1)
    return _required(_rendered(request, found))


def _rendered(request: Request, stored: StoredEvent) -> schemas.Event | None:
    failures = runtime_of(request.scope).metrics.group(RenderFailures)
    return failures.rendered("v2", stored.uid, partial(mapping.event, stored))


def _all_rendered(request: Request, found: Slice[StoredEvent]) -> Slice[schemas.Event]:
    shown = (_rendered(request, event) for event in found.items)
    return Slice([each for each in shown if each is not None], found.next_position)


def _required(shown: schemas.Event | None) -> schemas.Event:
    if shown is None:
        raise EventNotFound
    return shown
