"""What a row of an event contains: its type, its subject, its actor, and its fields as JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from uuid import UUID

import orjson

from app.events.audience import Audience
from app.events.audit import Origin
from app.events.nudges import WRITTEN
from app.events.recorder import AuditedEvent, Event, EventRecorder, Subject
from app.events.statements import INSERT
from app.kit.db.inserts import InsertInto
from app.kit.db.sessions import Nudge, WriteSession
from observability.tracing.recording import Recording, use_recording

SUBJECT, ACTOR, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    type: ClassVar[str] = "toy.moved"
    schema: ClassVar[int] = 3
    to: UUID
    at: datetime
    names: list[str]
    times: int
    far: bool
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked(AuditedEvent):
    type: ClassVar[str] = "toy.box.locked"
    until: datetime


class Rows:
    def __init__(self) -> None:
        self.added: list[Any] = []
        self.audited: list[Any] = []
        self.nudges: list[Nudge] = []

    def insert_at_commit(self, insert: InsertInto, *values: Any) -> None:
        row = SimpleNamespace(**dict(zip(insert.names, values, strict=True)))
        if insert is INSERT:
            row.payload = orjson.loads(row.payload)
            self.added.append(row)
        else:
            row.detail = orjson.loads(row.detail)
            self.audited.append(row)

    def nudge(self, nudge: Nudge) -> None:
        self.nudges.append(nudge)


def test_an_event_is_a_row_with_its_fields() -> None:
    rows = Rows()
    at = datetime(2026, 11, 28, 13, 0, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    event = Moved(subject=Subject(SUBJECT, None), to=OTHER, at=at, names=["a"], times=2, far=True, label="b")
    for actor in (ACTOR, None):
        EventRecorder(cast("WriteSession", rows), actor).record(event)
    for row, actor in zip(rows.added, (ACTOR, None), strict=True):
        assert (row.type, row.subject_uid, row.actor_uid) == ("toy.moved", SUBJECT, actor)
        assert row.payload == {
            "to": str(OTHER),
            "at": "2026-11-28T12:00:00.000250Z",
            "names": ["a"],
            "times": 2,
            "far": True,
            "label": "b",
        }
        assert datetime.fromisoformat(row.payload["at"]) == at.astimezone(UTC)


def test_an_event_tells_who_may_read_it_and_where_it_comes_from() -> None:
    rows = Rows()
    subject = Subject(SUBJECT, ACTOR, 7, OTHER)
    at = datetime(2026, 11, 28, tzinfo=UTC)
    recording = Recording("a" * 32, "b" * 16, sampled=True)
    with use_recording(recording):
        recorder = EventRecorder(cast("WriteSession", rows), ACTOR, Origin(ACTOR, request_id="a" * 200 + "b"))
        for audience in Audience:
            event = Moved(subject=subject, audience=audience, to=OTHER, at=at, names=[], times=0, far=False, label="")
            recorder.record(event)
    assert [row.audience for row in rows.added] == ["public", "owner", "admin"]
    for row in rows.added:
        assert (row.subject_id, row.owner_uid, row.counterparty_uid, row.schema) == (7, ACTOR, OTHER, 3)
        assert row.traceparent == f"00-{'a' * 32}-{'b' * 16}-01"
        assert row.request_id == "a" * 200
    assert rows.audited == [], "the event has no audit row"


def test_an_event_outside_of_requests_has_no_trace_and_is_read_by_its_owner() -> None:
    rows = Rows()
    at = datetime(2026, 11, 28, tzinfo=UTC)
    event = Moved(subject=Subject(SUBJECT, ACTOR), to=OTHER, at=at, names=[], times=0, far=False, label="")
    EventRecorder(cast("WriteSession", rows)).record(event)
    (row,) = rows.added
    assert rows.nudges == [WRITTEN]
    assert (row.audience, row.traceparent, row.request_id, row.subject_id) == ("owner", None, None, None)


def test_the_audit_row_of_an_event_tells_who_acted_for_whom_and_from_where() -> None:
    rows, user = Rows(), UUID(int=4)
    event = Locked(subject=Subject(SUBJECT, OTHER), until=datetime(2026, 11, 28, tzinfo=UTC))
    by_key = Origin(ACTOR, OTHER, "192.0.2.1", "a" * 200 + "b")
    for origin in (by_key, Origin(address="192.0.2.1")):
        EventRecorder(cast("WriteSession", rows), origin.actor, origin).record(event, user)
    first, second = rows.audited
    assert (first.action, first.outcome, first.target) == ("toy.box.locked", "success", f"toy:{SUBJECT}")
    assert first.detail == {"until": "2026-11-28T00:00:00Z"}
    assert (first.actor, first.on_behalf, first.address, first.request_id) == (ACTOR, OTHER, "192.0.2.1", "a" * 200)
    assert (second.actor, second.on_behalf) == (user, None), "the user of a sign-in, which has no caller"
