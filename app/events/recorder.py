"""Writes events and their audit rows in the transaction of the change."""

from dataclasses import dataclass, fields
from typing import ClassVar
from uuid import UUID

from app.events.audit import OPERATOR, AuditRecorder, Origin, plain, target
from app.kit.db.sessions import WriteSession
from app.models import Event as EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base class of events. ``subject`` is the uid of the changed object.

    The fields of a subclass are the payload: numbers, strings, booleans, lists, UUIDs and times.
    """

    type: ClassVar[str]
    subject: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEvent(Event):
    """Base class of events that are security-relevant: recording one also writes its audit row."""


class EventRecorder:
    """Records the events of one transaction; ``actor`` is the uid of the user who caused them.

    ``audit`` records acts that are no events, with the same origin.
    """

    def __init__(self, session: WriteSession, actor: UUID | None = None, origin: Origin = OPERATOR) -> None:
        self._session = session
        self._actor = actor
        self.audit = AuditRecorder(session, origin)

    def record(self, event: Event, user: UUID | None = None) -> None:
        """Add ``event`` to the transaction; it is written at the next flush.

        ``user`` is the actor of the audit row where the request has no caller: a sign-in.
        """
        payload = {f.name: plain(getattr(event, f.name)) for f in fields(event) if f.name != "subject"}
        self._session.add(
            EventRow(type=event.type, subject_uid=event.subject, actor_uid=self._actor, payload=payload),
        )
        if isinstance(event, AuditedEvent):
            kind = event.type.partition(".")[0]
            self.audit.record(event.type, target(kind, event.subject), payload, actor=user)
