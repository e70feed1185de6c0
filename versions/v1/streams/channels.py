"""The stream of v1, as its AsyncAPI document describes it."""

from typing import Final

from versions.kit.channels import Channel, Transport, event_messages
from versions.kit.operations import SIGNED_IN
from versions.kit.streams import BYE, POSITION, RESET
from versions.v1.events import RENDERER
from versions.v1.streams.schemas import Event

CHANNELS: Final = (
    Channel(
        name="events",
        address="/events",
        transport=Transport.SSE,
        description="Public events and the caller's own, as they happen: `streams.open` in the OpenAPI document.",
        security=SIGNED_IN,
        sends=(*event_messages(RENDERER, Event, POSITION), RESET, BYE),
    ),
)
