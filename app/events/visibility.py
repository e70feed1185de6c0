"""Which events a user may read."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.events.audience import Audience
from app.events.stored import StoredEvent


@dataclass(frozen=True, slots=True)
class Viewer:
    """A reader of public events and those of ``user``; without a user, of all events."""

    user: UUID | None


EVERYTHING: Final = Viewer(None)


def is_visible(viewer: Viewer, event: StoredEvent) -> bool:
    """Whether the viewer may read an event."""
    if viewer.user is None or event.audience == Audience.PUBLIC:
        return True
    return event.audience == Audience.OWNER and viewer.user in (event.owner_uid, event.counterparty_uid)
