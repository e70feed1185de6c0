"""Streams of events in v2."""

from datetime import timedelta
from typing import Final

from fastapi import Request, Response

from app.http.caching import Caching
from app.http.live.event_stream import EventStream
from app.http.live.places import place_of
from app.http.live.streams import EventStreamResponse
from app.http.principal import PrincipalDep
from app.http.runtime import runtime_of
from app.kit.clock import utc_now
from versions.kit.application import Resource
from versions.kit.links import link_to
from versions.kit.needs import READ_EVENTS, STREAM_IN_BROWSERS
from versions.kit.openapi import header
from versions.kit.operations import SIGNED_IN, STREAM
from versions.kit.streams import LastEventId, event_stream
from versions.v2.errors import operations
from versions.v2.event_log import mapping as events
from versions.v2.event_log.routes import Types
from versions.v2.routing import router
from versions.v2.streams import schemas
from versions.v2.streams.channels import CHANNELS
from versions.v2.streams.cookies import renewed, set_cookie
from versions.v2.streams.encoding import encode

_COOKIE: Final = {
    201: {"headers": {"Set-Cookie": header("The cookie, once for each path.", required=True)}},
}

streams = router("/stream", "streams")
sessions = router("/stream-sessions", "streams")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "streams",
            "description": "Events as they happen, as server-sent events (WHATWG HTML, section 9.2).",
        },
    ),
    routers=(streams, sessions),
    channels=CHANNELS,
)


@streams.get(
    "",
    response_class=EventStreamResponse,
    status_code=200,
    **operations.declare(
        "streams.open",
        security=STREAM,
        needs=READ_EVENTS,
        caching=Caching.NEVER,
        success=event_stream(
            "One message for each event: `event` is its type, `data` the same JSON as in `GET /events`, and `id` its "
            "position."
        ),
    ),
)
async def open_stream(request: Request, types: Types = None, last_event_id: LastEventId = None) -> Response:
    """Stream the events that `GET /events` lists, as they happen.

    Send `Last-Event-ID` to continue without a gap and without a repetition; without it, the stream starts with the
    next event. `reset` says that events were lost: read what you need again, then go on. It is sent if you read too
    slowly, and if the events after your position are deleted. `bye` precedes the end of the stream, which lasts one
    hour at most: connect again after the time in `retry`. A comment is sent every 15 seconds.

    A browser's `EventSource` sends no headers: start a stream session before. Its cookie is renewed at each connect.
    """
    place = await place_of(request, "v2")
    stream = EventStream(runtime_of(request.scope), place, events.wanted(types, None), encode, last_event_id)
    return renewed(request, stream, place.principal)


@sessions.post(
    "",
    status_code=201,
    **operations.declare(
        "stream_sessions.create",
        security=SIGNED_IN,
        needs=STREAM_IN_BROWSERS,
        caching=Caching.NEVER,
        success=_COOKIE,
        links={201: link_to("streams.open")},
    ),
)
async def start_stream_session(request: Request, response: Response, principal: PrincipalDep) -> schemas.StreamSession:
    """Set a cookie with which a browser of this origin opens streams: `EventSource` sends no `Authorization` header.

    The cookie ends with the session of its access token, and 75 minutes after the last connect. Pages of other origins
    use `fetch` with `Authorization`.
    """
    seconds = set_cookie(request, response, principal)
    return schemas.StreamSession(expires_at=utc_now() + timedelta(seconds=seconds))
