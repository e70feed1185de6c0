"""The interface of features that react to events."""

from collections.abc import Sequence
from typing import Protocol

from app.events.stored import StoredEvent
from app.kit.db.sessions import WriteSession


class EventConsumer(Protocol):
    """Handles every event once, in the order of positions. ``name`` identifies its cursor."""

    @property
    def name(self) -> str: ...

    async def handle(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Write what follows from the events, in the transaction that moves the cursor past them."""
