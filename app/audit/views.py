"""Output of the audit feature."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.kit.db.sessions import Row

Outcome = Literal["success", "rejected"]
"""How an act ended."""


@dataclass(frozen=True, slots=True)
class AuditEventView:
    """An act. The columns of ``AuditEvent`` explain the fields."""

    uid: UUID
    at: datetime
    actor: UUID | None
    on_behalf: UUID | None
    action: str
    target: str | None
    outcome: Outcome
    address: str | None
    request_id: str | None
    detail: Mapping[str, Any]

    @classmethod
    def from_row(cls, row: Row) -> "AuditEventView":
        """Build the view from a row with a column for each field."""
        return cls(
            uid=row["uid"],
            at=row["at"],
            actor=row["actor"],
            on_behalf=row["on_behalf"],
            action=row["action"],
            target=row["target"],
            outcome=row["outcome"],
            address=row["address"],
            request_id=row["request_id"],
            detail=row["detail"],
        )
