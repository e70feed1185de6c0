"""The interface to the versions: each of them writes events in its own format."""

from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from app.events.stored import StoredEvent


class EventRenderer(Protocol):
    """Renders events for the clients of one version. A pure function: the same event gives the same bytes."""

    def knows(self, event: StoredEvent) -> bool:
        """Whether the version has the type and the schema of an event, so that ``render`` returns a body."""

    def render(self, event: StoredEvent) -> bytes | None:
        """The body of a webhook delivery and of a message of a stream; None if the version does not know the type."""

    def webhook_id(self, uid: UUID) -> str:
        """The ``webhook-id`` of the event with this uid, which is the same in every version."""


RENDERERS: Final[dict[str, EventRenderer]] = {}
"""The renderers of all versions by name. The registry of versions, which the core does not import, adds them."""
RETIREMENTS: Final[dict[str, datetime]] = {}
"""When versions were retired by their declaration. Retirements by a command are in the database."""
