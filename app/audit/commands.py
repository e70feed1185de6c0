"""Input of the use cases of the audit trail."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """The rows to read; None does not filter.

    ``actor`` also finds what API keys did on behalf of a user. ``target`` is kind and identifier, as rows contain it.
    """

    actor: UUID | None = None
    target: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, Any]:
        """The filters in use by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
