"""The stream of v2, as its AsyncAPI document describes it."""

from typing import Final

from versions.kit.channels import Channel, Transport, event_messages
from versions.kit.operations import STREAM
from versions.kit.streams import BYE, POSITION, RESET
from versions.v2.event_log.schemas import Event
from versions.v2.events import RENDERER

CHANNELS: Final = (
    Channel(
        name="events",
        address="/stream",
        transport=Transport.SSE,
        description="The events of `GET /events`, as they happen: `streams.open` in the OpenAPI document.",
        security=STREAM,
        sends=(*event_messages(RENDERER, Event, POSITION), RESET, BYE),
    ),
)
