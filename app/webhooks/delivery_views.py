"""Deliveries and their attempts, as callers see them."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from app.kit.db.sessions import Row

DeliveryStatus = Literal["pending", "sending", "succeeded", "failed", "skipped"]
DeliveryKind = Literal["automatic", "manual"]
ENDPOINT_DISABLED: Final = "endpoint_disabled"
"""The reason of a delivery that was skipped because its endpoint was disabled."""

VERSION_RETIRED: Final = "version_retired"
"""The reason of a delivery that was skipped because the version of its endpoint was retired."""
EVENT_DELETED: Final = "event_deleted"
"""The reason of a delivery that failed because its event was deleted before an attempt succeeded."""
EVENT_NOT_RENDERED: Final = "event_not_rendered"
"""The reason of a delivery that failed because the version of its endpoint could not write the event."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """An event on its way to an endpoint. ``kind`` is ``manual`` for one that a user asked for."""

    id: int
    uid: UUID
    endpoint_uid: UUID
    owner_uid: UUID
    event_uid: UUID
    event_type: str
    position: int
    api_version: str
    kind: DeliveryKind
    status: DeliveryStatus
    reason: str | None
    attempt: int
    next_at: datetime
    created_at: datetime
    first_attempt_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "DeliveryView":
        """Build the view from a row with a column for each field."""
        return cls(**{each.name: row[each.name] for each in fields(cls)})

    @property
    def next_attempt_at(self) -> datetime | None:
        """When the next attempt is due; None if none waits."""
        return self.next_at if self.status == "pending" else None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A request of a delivery: the status of the response, or the reason why there was none."""

    number: int
    started_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    excerpt: str | None
    trace_id: str | None

    @classmethod
    def from_row(cls, row: Row) -> "AttemptView":
        """Build the view from a row with a column for each field."""
        return cls(**{each.name: row[each.name] for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many events are delivered again, and whether those were all."""

    recovered: int
    complete: bool
