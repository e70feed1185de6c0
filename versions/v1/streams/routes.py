"""The stream of events in v1."""

from typing import Final

from fastapi import Request, Response

from app.event_log.commands import EventFilter
from app.http.caching import Caching
from app.http.live.event_stream import EventStream
from app.http.live.places import place_of
from app.http.live.streams import EventStreamResponse
from app.http.runtime import runtime_of
from versions.kit.application import Resource
from versions.kit.needs import READ_EVENTS
from versions.kit.operations import SIGNED_IN
from versions.kit.streams import LastEventId, event_stream
from versions.v1.errors import operations
from versions.v1.events import RENDERER
from versions.v1.routing import router
from versions.v1.streams.channels import CHANNELS
from versions.v1.streams.encoding import encode

_TYPES: Final = {name: event.schema for name, event in RENDERER.types.items()}

streams = router("/events", "events")
RESOURCE: Final = Resource(
    tags=({"name": "events", "description": "Public events and your own, as they happen."},),
    routers=(streams,),
    channels=CHANNELS,
)


@streams.get(
    "",
    response_class=EventStreamResponse,
    status_code=200,
    **operations.declare(
        "streams.open",
        security=SIGNED_IN,
        needs=READ_EVENTS,
        caching=Caching.NEVER,
        success=event_stream(
            "One message for each event: `event` is its type, `data` the JSON that a webhook receives, and `id` its "
            "position."
        ),
    ),
)
async def stream_events(request: Request, last_event_id: LastEventId = None) -> Response:
    """Stream public events and the caller's own, as server-sent events.

    `Last-Event-ID` continues after a message that you have. `reset` says that events were lost. `bye` ends the stream,
    after one hour at most: connect again.
    """
    place = await place_of(request, RENDERER.version)
    return EventStream(runtime_of(request.scope), place, EventFilter(_TYPES), encode, last_event_id)
