"""The channels on which processes notify each other of events. Nudges are hints: readers also poll."""

from typing import Final

from app.kit.db.sessions import Nudge

WRITTEN: Final = Nudge("events_written")
"""A transaction with events was committed: the relay has work."""
RELAYED_CHANNEL: Final = "events_relayed"


def relayed(position: int) -> Nudge:
    """Events up to this position can be read."""
    return Nudge(RELAYED_CHANNEL, str(position))
