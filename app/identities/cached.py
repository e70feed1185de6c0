"""A document of another server, fetched again from time to time."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_FRESH: Final = 3600.0
_PAUSE: Final = 5.0


class Cached(Generic[T]):
    """Fetches once for all requests that wait. A failure is raised and not stored."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float] = monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._fetched_at = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> T:
        """The document, at most an hour old. Raises what ``fetch`` raises."""
        if (value := self._fresh(_FRESH)) is not None:
            return value
        return await self._fetched(_FRESH)

    async def refreshed(self) -> T:
        """The document, at most 5 seconds old: it is fetched again, unless it has just been."""
        return await self._fetched(_PAUSE)

    async def _fetched(self, seconds: float) -> T:
        async with self._lock:
            # Another request may have fetched it meanwhile.
            if (value := self._fresh(seconds)) is not None:
                return value
            value = await self._fetch()
            self._value, self._fetched_at = value, self._clock()
            return value

    def _fresh(self, seconds: float) -> T | None:
        return self._value if self._clock() - self._fetched_at < seconds else None
