"""The WebSocket of v2, as its AsyncAPI document describes it."""

from typing import Final

from versions.kit.channels import Channel, Transport, messages_of
from versions.kit.operations import SIGNED_IN
from versions.v2.live import schemas

PROTOCOL: Final = "strata.v2"
CHANNELS: Final = (
    Channel(
        name="rooms",
        address="/ws",
        transport=Transport.WEBSOCKET,
        description=(
            "Rooms, their messages and who is present. The handshake authenticates the client, or its first message "
            "does (`Authenticate`). Each request has one answer with its `ref`: `Ack`, `Present`, `Pong` or `Problem`. "
            "The server closes with 1012 after one hour at most, and when it restarts: connect again, and subscribe "
            "`after` the last position. A `Reset` follows if messages after it are not available any more."
        ),
        subprotocol=PROTOCOL,
        security=SIGNED_IN,
        sends=messages_of(
            schemas.Ack, schemas.Problem, schemas.Pong, schemas.RoomMessage, schemas.Present, schemas.Reset
        ),
        receives=messages_of(
            schemas.Authenticate,
            schemas.Subscribe,
            schemas.Unsubscribe,
            schemas.Publish,
            schemas.Presence,
            schemas.Ping,
        ),
    ),
)
