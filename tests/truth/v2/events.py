"""The requests of v2 about the log of events."""

from tests.truth.table import Call

CALLS = {
    "events.list": [Call("events.list")],
    "events.list_after": [Call("events.list", query={"after": "$event_id"})],
    "events.get": [Call("events.get")],
    "streams.open": [Call("streams.open")],
    "stream_sessions.create": [Call("stream_sessions.create", 201)],
}
