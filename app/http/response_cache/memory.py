"""The response cache of one process."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.port import CachedResponse, Lookup, Mark

OVERHEAD: Final = 1000
"""Bytes of the objects of an entry beside its response and its key."""


@dataclass(frozen=True, slots=True)
class _Entry:
    response: CachedResponse
    mark: Mark
    stored_at: float
    size: int


class MemoryCache:
    """Implements ``ResponseCache``. Evicts what was not used for longest when it has more than ``max_bytes``."""

    def __init__(
        self, ttl: float, max_bytes: int, metrics: CacheMetrics, clock: Callable[[], float] = monotonic
    ) -> None:
        self._ttl = ttl
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._invalidations: Counter[str] = Counter()
        self._bytes = 0

    async def get(self, key: bytes, tags: Sequence[str]) -> Lookup:
        """See ``ResponseCache``."""
        mark = tuple(b"%d" % self._invalidations[tag] for tag in tags)
        entry = self._entries.get(key)
        if entry is None:
            return Lookup(mark)
        age = self._clock() - entry.stored_at
        if age >= self._ttl or entry.mark != mark:
            self._remove(key)
            return Lookup(mark)
        self._entries.move_to_end(key)
        return Lookup(mark, entry.response, age)

    async def put(self, key: bytes, response: CachedResponse, mark: Mark) -> bool:
        """See ``ResponseCache``."""
        self._remove(key)
        size = response.size + len(key) + OVERHEAD
        self._entries[key] = _Entry(response, mark, self._clock(), size)
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))
            self._metrics.evictions.inc()
        self._metrics.bytes.set(self._bytes)
        return key in self._entries

    async def invalidate(self, tags: Sequence[str]) -> None:
        """See ``ResponseCache``."""
        self._invalidations.update(tags)

    async def open(self) -> None:
        """There is no connection."""

    async def close(self) -> None:
        """There is no connection."""

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
            self._metrics.bytes.set(self._bytes)
