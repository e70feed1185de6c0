"""Events of webhook endpoints."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.recorder import AuditedEvent, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCreated(AuditedEvent):
    """A user registered a URL."""

    type: ClassVar[str] = "webhook_endpoint.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointUpdated(AuditedEvent):
    """``changed`` are the names of the changed fields."""

    type: ClassVar[str] = "webhook_endpoint.updated"
    changed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRotated(AuditedEvent):
    """The endpoint has a new secret; the previous one signs for a time, too."""

    type: ClassVar[str] = "webhook_endpoint.secret_rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDeleted(AuditedEvent):
    """The endpoint was deleted with its deliveries."""

    type: ClassVar[str] = "webhook_endpoint.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTested(Event):
    """The owner of the endpoint asked for a message, which only this endpoint receives."""

    type: ClassVar[str] = "webhook_endpoint.tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFailing(Event):
    """Several attempts in a row have failed."""

    type: ClassVar[str] = "webhook_endpoint.failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDisabled(AuditedEvent):
    """Deliveries have stopped, for ``reason``."""

    type: ClassVar[str] = "webhook_endpoint.disabled"
    reason: str
