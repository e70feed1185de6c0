"""What a row of an event contains: its type, its subject, its actor, and its fields as JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar, cast
from uuid import UUID

from app.events.recorder import Event, EventRecorder
from app.kit.db.sessions import WriteSession

SUBJECT, ACTOR, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    type: ClassVar[str] = "toy.moved"
    to: UUID
    at: datetime
    names: list[str]
    times: int
    far: bool
    label: str


class Rows:
    def __init__(self) -> None:
        self.added: list[Any] = []

    def add(self, row: Any) -> None:
        self.added.append(row)


def test_an_event_is_a_row_with_its_fields() -> None:
    rows = Rows()
    at = datetime(2026, 11, 28, 13, 0, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    event = Moved(subject=SUBJECT, to=OTHER, at=at, names=["a"], times=2, far=True, label="b")
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
