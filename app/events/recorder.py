"""Writes events and their audit rows in the transaction of the change."""

from dataclasses import dataclass, fields
from typing import ClassVar, Final
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from app.events.audience import Audience
from app.events.audit import OPERATOR, AuditRecorder, Origin, plain, stored_request_id, target
from app.events.nudges import WRITTEN
from app.events.statements import INSERT
from app.kit.clock import utc_now
from app.kit.db.inserts import WrittenId
from app.kit.db.sessions import WriteSession
from observability.tracing.recording import current_traceparent


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that changed. ``id`` is None for objects that have no integer id in any version, and ``WRITTEN_ID``
    for one that the next statement of the transaction inserts.

    ``owner`` is the uid of the user to whom the object belongs, ``counterparty`` that of a second one.
    """

    uid: UUID
    owner: UUID | None
    id: int | WrittenId | None = None
    counterparty: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base class of events. A change of the fields of a subclass increments its ``schema``.

    The fields of a subclass are the payload: numbers, strings, booleans, lists, UUIDs and times.
    """

    type: ClassVar[str]
    schema: ClassVar[int] = 1
    subject: Subject
    audience: Audience = Audience.OWNER


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
        self._request_id = origin.request_id
        self.audit = AuditRecorder(session, origin)

    def record(self, event: Event, user: UUID | None = None) -> None:
        """Add ``event`` to the transaction, which writes it immediately before its commit.

        The row of the subject must be locked, or inserted by this transaction: consumers see the events of a subject
        in the order in which they were written.

        ``user`` is the actor of the audit row where the request has no caller: a sign-in.
        """
        subject = event.subject
        payload = {f.name: plain(getattr(event, f.name)) for f in fields(event) if f.name not in _NO_PAYLOAD}
        self._session.insert_at_commit(
            INSERT,
            uuid7(),
            event.type,
            event.schema,
            subject.uid,
            subject.id,
            subject.owner,
            subject.counterparty,
            self._actor,
            event.audience.value,
            orjson.dumps(payload).decode(),
            utc_now(),
            current_traceparent(),
            stored_request_id(self._request_id),
        )
        self._session.nudge(WRITTEN)
        if isinstance(event, AuditedEvent):
            kind = event.type.partition(".")[0]
            self.audit.record(event.type, target(kind, subject.uid), payload, actor=user)


_NO_PAYLOAD: Final = frozenset(field.name for field in fields(Event))
