"""Collects the evidence of one process in memory, and writes it to the database in the background."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from threading import Lock
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.models.usage import ANONYMOUS
from app.usage.repository import EvidenceRepository, EvidenceRow
from observability.evidence.request import Observation, Summaries
from observability.evidence.summaries import merge_summaries

LIMIT: Final = 5000
"""The rows that one process collects while the database is down, in about 25 MB of memory."""
_MOST_ROWS: Final = 250
"""The rows of one flush, which must end within the timeout of a statement."""
_Key = tuple[date, str, str, str]
"""Day, version, consumer, operation."""


@dataclass(slots=True)
class _Evidence:
    since: datetime
    observed: int = 0
    random: int = 0
    summaries: Summaries = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Flush:
    """A batch with its number, by which the database recognises a repetition."""

    sequence: int
    rows: tuple[EvidenceRow, ...]
    since: datetime


class EvidenceBuffer:
    """The evidence that is not written. The thread that summarises adds to it, the event loop flushes it.

    A failed flush is repeated unchanged until it succeeds, since it may have been committed; what is added meanwhile
    waits for the next one. So no count is lost or doubled, unless the process is killed or ``LIMIT`` is exceeded.
    ``dropped`` is called with the number of requests without room.
    """

    def __init__(self, key_id: str, rows_per_day: int, dropped: Callable[[str, int], None], limit: int = LIMIT) -> None:
        self._key_id = key_id
        self._rows_per_day = rows_per_day
        self._dropped = dropped
        self._limit = limit
        self._process: UUID = uuid7()
        self._sequence = 0
        self._evidence: dict[_Key, _Evidence] = {}
        self._pending: _Flush | None = None
        self._lock = Lock()

    def add(self, observation: Observation) -> None:
        """Add what one request showed. Implements ``EvidenceSink``."""
        request = observation.request
        day = request.ended_at.astimezone(UTC).date()
        key = (day, request.version, request.consumer or ANONYMOUS, request.operation)
        with self._lock:
            evidence = self._evidence.get(key)
            if evidence is None:
                if len(self._evidence) >= self._limit:
                    self._dropped("no_room", 1)
                    return
                evidence = self._evidence[key] = _Evidence(request.ended_at)
            evidence.observed += observation.accepted
            evidence.random += observation.accepted and request.random
            merge_summaries(evidence.summaries, observation.summaries)

    async def flush(self, database: UnitOfWork) -> None:
        """Write the evidence with one statement for each batch. If that raises, it is kept."""
        while (pending := self._next()) is not None:
            async with database.write() as session:
                dropped = await EvidenceRepository(session).add(
                    self._process, pending.sequence, pending.rows, self._rows_per_day, utc_now()
                )
            self._pending = None
            if dropped:
                self._dropped("no_room", dropped)

    def lag(self, now: datetime) -> float:
        """Seconds since the oldest evidence that is not written; 0 without any."""
        with self._lock:
            times = [evidence.since for evidence in self._evidence.values()]
        if self._pending is not None:
            times.append(self._pending.since)
        return max(0.0, (now - min(times)).total_seconds()) if times else 0.0

    def _next(self) -> _Flush | None:
        """The batch whose flush failed, else a new one; None if there is nothing to write."""
        if self._pending is not None:
            return self._pending
        with self._lock:
            evidence = {key: self._evidence.pop(key) for key in list(islice(self._evidence, _MOST_ROWS))}
        if not evidence:
            return None
        self._sequence += 1
        rows = tuple(
            EvidenceRow(*key, self._key_id, found.observed, found.random, found.summaries)
            for key, found in evidence.items()
        )
        self._pending = _Flush(self._sequence, rows, min(found.since for found in evidence.values()))
        return self._pending
