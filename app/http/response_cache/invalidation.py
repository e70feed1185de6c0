"""Invalidates cached responses by the events of the outbox."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import Final

from app.event_log.queries import EventLogQueries
from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.port import ResponseCache
from app.kit.background import stepping
from app.kit.db.sessions import ReadSession

_SECONDS: Final = 1.0
"""What a lost nudge costs at most."""


class Invalidator:
    """Follows the relayed events from the newest one on. The tag that an event invalidates is the resource of its type.

    Every process follows them, because any worker may have written them. ``used`` contains the tags of the responses
    that this process may have stored; only these are invalidated.
    """

    def __init__(self, reads: ReadSession, cache: ResponseCache, used: Collection[str], metrics: CacheMetrics) -> None:
        self._queries = EventLogQueries(reads)
        self._cache = cache
        self._used = used
        self._invalidations = metrics.invalidations
        self._nudged = asyncio.Event()
        self._position: int | None = None

    def nudge(self, _payload: str | None = None) -> None:
        """There may be new events."""
        self._nudged.set()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Follow the events during the block."""
        return stepping("responses_not_invalidated", self.step, self._nudged, _SECONDS)

    async def step(self) -> bool:
        """Invalidate the tags of new events. Raises ``Unavailable``."""
        if self._position is None:
            self._position = await self._queries.highest()
            return False
        types = await self._queries.types_after(self._position)
        tags = sorted({name.partition(".")[0] for name in types}.intersection(self._used))
        if tags:
            await self._cache.invalidate(tags)
            self._invalidations.inc(len(tags))
        self._position = max(types.values(), default=self._position)
        return False
