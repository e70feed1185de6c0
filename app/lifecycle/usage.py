"""Who still uses what is to end: counted in memory while requests are answered, written down between them."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from app.db.database import UnitOfWork
from app.lifecycle.repository import Note, UsageRepository

ANONYMOUS: Final = "anonymous"
"""Whoever presents no credentials that hold."""
LIMIT: Final = 10_000
"""Different things of different consumers that one process remembers between two flushes: about 5 MB."""

_Key = tuple[str, str, str, str, object]


class UsageBuffer:
    """Counts for one process.

    What is lost: the notes since the last flush where a process is killed, and those beyond ``LIMIT`` different ones
    between two flushes, which ``dropped`` is told of. A flush that fails loses nothing: its notes wait for the next.
    """

    def __init__(self, dropped: Callable[[], None], limit: int = LIMIT) -> None:
        self._dropped = dropped
        self._limit = limit
        self._notes: dict[_Key, Note] = {}

    def note(self, version: str, operation: str, feature: str, consumer: str | None, now: datetime) -> None:
        """Count one request. ``feature`` is empty for the operation as a whole."""
        self._add(Note(version, consumer or ANONYMOUS, operation, feature, now.date(), 1, now, now))

    async def flush(self, database: UnitOfWork) -> None:
        """Write down what was counted. Raises what the database raises, and then keeps it."""
        notes, self._notes = self._notes, {}
        if not notes:
            return
        try:
            async with database.write() as session:
                await UsageRepository(session).add(list(notes.values()))
        except BaseException:
            for note in notes.values():
                self._add(note)
            raise

    def _add(self, note: Note) -> None:
        key = (note.api_version, note.consumer, note.operation, note.feature, note.day)
        known = self._notes.get(key)
        if known is not None:
            first, last = min(known.first_seen, note.first_seen), max(known.last_seen, note.last_seen)
            self._notes[key] = Note(*key[:4], note.day, known.requests + note.requests, first, last)
        elif len(self._notes) < self._limit:
            self._notes[key] = note
        else:
            self._dropped()
