"""Declares live channels: what clients send and receive on a WebSocket or a stream of server-sent events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from versions.kit.events import EventType, VersionEvents


class Transport(StrEnum):
    """What carries the messages of a channel."""

    WEBSOCKET = "websocket"
    SSE = "sse"


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message. ``payload`` is the type of its content, for which pydantic has a schema.

    The docstring of a model describes its message. ``identifier`` describes the field ``id`` of a server-sent event.
    """

    name: str
    payload: Any
    text: str = ""
    media_type: str = "application/json"
    identifier: str = ""

    @property
    def description(self) -> str:
        """What the message says."""
        return self.text or str(self.payload.__doc__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel of one version. ``address`` is its path below the prefix of the version.

    ``parameters`` describes those of the address. ``security`` has the form of OpenAPI: a caller needs one of them.
    """

    name: str
    address: str
    transport: Transport
    description: str
    sends: Sequence[Message]
    receives: Sequence[Message] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    security: Sequence[Mapping[str, Sequence[str]]] = ()
    subprotocol: str | None = None


def messages_of(*models: type[BaseModel]) -> list[Message]:
    """A message with the name of each model."""
    return [Message(model.__name__, model) for model in models]


def event_messages(events: VersionEvents, envelope: type[BaseModel], identifier: str) -> list[Message]:
    """A server-sent event for each type of event that a version knows: its envelope with the schema of its data."""
    return [Message(event.name, _filled(envelope, event), identifier=identifier) for event in events.types.values()]


def _filled(envelope: type[BaseModel], event: EventType) -> type[BaseModel]:
    what = envelope.model_fields
    members: dict[str, Any] = {
        "type": (
            Literal[event.name],
            Field(description=what["type"].description, examples=[event.name]),
        ),
        "data": (event.data, Field(description="The facts.")),
    }
    return create_model(f"{event.component}Message", __base__=envelope, __doc__=event.data.__doc__, **members)
