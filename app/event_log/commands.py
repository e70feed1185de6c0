"""Input of the use cases of the log of events."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list: those of ``types``, each with the schema that the version of the caller knows.

    ``after`` is the uid of the last event that the caller has. ``unfiltered`` says that ``types`` are all types of the
    newest version, so most rows of the log.
    """

    types: Mapping[str, int]
    after: UUID | None = None
    unfiltered: bool = False
