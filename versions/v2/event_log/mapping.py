"""Maps the log of events between v2 schemas and the core."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.event_log.commands import EventFilter
from app.events.stored import StoredEvent
from versions.kit.typeid import encode
from versions.v2.event_log import schemas
from versions.v2.events import RENDERER
from versions.v2.ids import EVENT, known

KNOWN: Final[Mapping[str, int]] = {name: event.schema for name, event in RENDERER.types.items()}
"""The types that this version renders, with the schemas of their stored events."""


def wanted(types: Sequence[str] | None, after: object | None) -> EventFilter:
    """Returns the filter of these parameters; without types, all that this version knows."""
    start = None if after is None else known(after)
    if types is None:
        return EventFilter(KNOWN, start, unfiltered=True)
    return EventFilter({name: KNOWN[name] for name in types}, start)


def event(stored: StoredEvent) -> schemas.Event:
    """Returns the v2 representation of an event of a known type."""
    return schemas.Event.model_construct(
        id=encode(EVENT, stored.uid),
        type=stored.type,
        timestamp=stored.occurred_at,
        api_version="v2",
        data=RENDERER.data(stored),
    )
