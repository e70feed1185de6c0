"""Writes events beside the change that they tell of."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from app.kit.db.sessions import WriteSession
from app.models import Event as EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The root of every event. ``subject`` is the uid of the thing it happened to.

    Fields of a subclass become the payload: numbers, text, booleans, lists, UUIDs and times.
    """

    type: ClassVar[str]
    subject: UUID


class EventRecorder:
    """Collects what one transaction has to tell."""

    def __init__(self, session: WriteSession, actor: UUID | None = None) -> None:
        self._session = session
        self._actor = actor

    def record(self, event: Event) -> None:
        """Write ``event`` when the transaction is flushed; a rollback unwrites it."""
        payload = {f.name: _plain(getattr(event, f.name)) for f in fields(event) if f.name != "subject"}
        self._session.add(
            EventRow(type=event.type, subject_uid=event.subject, actor_uid=self._actor, payload=payload),
        )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | datetime) else value
