"""Writes events in the transaction of the change."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from app.kit.clock import rfc3339
from app.kit.db.sessions import WriteSession
from app.models import Event as EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base class of events. ``subject`` is the uid of the changed object.

    The fields of a subclass are the payload: numbers, strings, booleans, lists, UUIDs and times.
    """

    type: ClassVar[str]
    subject: UUID


class EventRecorder:
    """Records the events of one transaction; ``actor`` is the uid of the user who caused them."""

    def __init__(self, session: WriteSession, actor: UUID | None = None) -> None:
        self._session = session
        self._actor = actor

    def record(self, event: Event) -> None:
        """Add ``event`` to the transaction; it is written at the next flush."""
        payload = {f.name: _plain(getattr(event, f.name)) for f in fields(event) if f.name != "subject"}
        self._session.add(
            EventRow(type=event.type, subject_uid=event.subject, actor_uid=self._actor, payload=payload),
        )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    return str(value) if isinstance(value, UUID) else value
