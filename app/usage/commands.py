"""Input of the use cases that read usage."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """The days to read, both included, and the API key: one of a chain of rotations. None: no limit."""

    since: date | None = None
    until: date | None = None
    key_uid: UUID | None = None
