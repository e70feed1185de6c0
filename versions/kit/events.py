"""Renders events in the format of one version: the bodies of webhooks and the messages of streams.

A resource declares its events in its module ``events``, as ``EVENTS``; the version finds them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel

from app.events.stored import StoredEvent
from app.kit.clock import rfc3339
from app.kit.discovery import modules
from versions.kit.typeid import encode

Values = Callable[[StoredEvent], Mapping[str, Any]]
_EVENT: Final = "evt"


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event in one version.

    ``data`` is the model of the member with this name, and its docstring describes the event; ``values`` returns the
    values of its fields. ``schema`` is the one of the stored events that ``values`` reads.
    """

    name: str
    data: type[BaseModel]
    values: Values
    schema: int = 1

    @property
    def component(self) -> str:
        """The begin of the names of its schemas in documents."""
        return self.name.replace("_", ".").title().replace(".", "")


class VersionEvents:
    """Implements ``app.events.rendering.EventRenderer`` for a version."""

    def __init__(self, version: str, types: Iterable[EventType], tag: str = "webhooks") -> None:
        self.version: Final = version
        self.tag: Final = tag
        """The tag of the operations about webhooks, under which the version documents their bodies."""
        self.types: Final[Mapping[str, EventType]] = {event.name: event for event in types}

    def knows(self, event: StoredEvent) -> bool:
        """Whether the version knows the type and the schema of an event."""
        found = self.types.get(event.type)
        return found is not None and found.schema == event.schema

    def data(self, event: StoredEvent) -> dict[str, Any]:
        """What the version tells about an event that it knows."""
        found = self.types[event.type]
        return found.data.model_construct(**found.values(event)).model_dump(mode="json")

    def render(self, event: StoredEvent) -> bytes | None:
        """See ``EventRenderer``."""
        if not self.knows(event):
            return None
        envelope = {
            "type": event.type,
            "timestamp": rfc3339(event.occurred_at),
            "api_version": self.version,
            "data": self.data(event),
        }
        return orjson.dumps(envelope)

    def webhook_id(self, uid: UUID) -> str:
        """See ``EventRenderer``."""
        return encode(_EVENT, uid)


NO_EVENTS: Final = VersionEvents("", ())
"""The events of a version that has none."""


def load_events(package: str) -> Sequence[EventType]:
    """``EVENTS`` of each module ``<package>.<resource>.events``, sorted by name."""
    found = (event for module in modules(package, "events") for event in module.EVENTS)
    return sorted(found, key=lambda event: event.name)


def uid(event: StoredEvent, name: str) -> UUID:
    """A uid in the payload of an event."""
    return UUID(event.payload[name])
