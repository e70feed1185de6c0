"""The interface to the versions: each of them writes events in its own format."""

from typing import Protocol

from app.events.stored import StoredEvent


class EventRenderer(Protocol):
    """Renders events for the clients of one version. A pure function: the same event gives the same bytes."""

    def render(self, event: StoredEvent) -> bytes | None:
        """The body of a webhook delivery and of a message of a stream; None if the version does not know the type."""
