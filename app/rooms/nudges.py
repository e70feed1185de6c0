"""The channel on which processes notify each other of messages. Nudges are hints: readers also poll."""

from typing import Final

from app.kit.db.sessions import Nudge

WRITTEN_CHANNEL: Final = "room_messages"


def written(room_id: int) -> Nudge:
    """There are new messages in a room."""
    return Nudge(WRITTEN_CHANNEL, str(room_id), replaces=False)
