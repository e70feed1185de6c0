"""The open streams and WebSockets of one process: how many there may be, and when they must end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from app.errors import RateLimited, Unavailable
from app.http.lifecycle import LifecycleComponent
from app.http.live.metrics import CALLER, PROCESS, RealtimeMetrics
from app.http.runtime import Component, Runtime
from app.kit.background import repeat
from app.kit.clock import utc_now
from app.lifecycle.errors import VersionBrownedOut, VersionRetired
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import VersionLifecycle
from app.settings.realtime import RealtimeSettings

RETIRED: Final = 4410
"""The code with which a connection of a retired version is closed, after the status 410."""
TRY_AGAIN_LATER: Final = 1013
_RETRY_SECONDS: Final = 5
_TICK_SECONDS: Final = 0.25


class TooManyConnections(RateLimited):
    code = "too_many_connections"
    detail = "You have too many open connections. Close one of them, or try again later."


class ConnectionsExhausted(Unavailable):
    code = "connections_exhausted"
    detail = "The server has too many open connections. Try again in a moment."


class LiveConnection(Protocol):
    """A stream or a WebSocket."""

    def close(self, code: int, reason: str) -> None:
        """End it soon: the client receives what is queued, then the code or the reason. Never blocks."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a connection counts as. ``version`` is set where the version has a sunset."""

    api_version: str
    channel: str
    caller: str
    version: VersionLifecycle | None


class LiveConnections(Component):
    """Limits the open connections, and closes those of a version that ends."""

    def __init__(self, settings: RealtimeSettings, metrics: RealtimeMetrics, schedule: Schedule) -> None:
        self._settings = settings
        self._metrics = metrics
        self._schedule = schedule
        self._open: dict[LiveConnection, Place] = {}
        self._callers: Counter[str] = Counter()

    @classmethod
    def build(cls, runtime: Runtime) -> "LiveConnections":
        """The limits of the settings, and the schedule of the process."""
        settings, metrics = runtime.settings[RealtimeSettings], runtime.metrics.group(RealtimeMetrics)
        return cls(settings, metrics, runtime.get(LifecycleComponent).schedule)

    def __len__(self) -> int:
        return len(self._open)

    def ensure_free(self, caller: str) -> None:
        """Raise ``ConnectionsExhausted`` or ``TooManyConnections`` if there is no place for another connection."""
        if len(self._open) >= self._settings.max_connections:
            self._metrics.rejected.labels(PROCESS).inc()
            raise ConnectionsExhausted(retry_after=_RETRY_SECONDS)
        if self._callers[caller] >= self._settings.max_connections_per_caller:
            self._metrics.rejected.labels(CALLER).inc()
            raise TooManyConnections(retry_after=_RETRY_SECONDS)

    @contextmanager
    def held(self, connection: LiveConnection, place: Place) -> Iterator[None]:
        """Count the connection during the block. Raises as ``ensure_free`` does."""
        self.ensure_free(place.caller)
        gauge = self._metrics.connections.labels(place.api_version, place.channel)
        self._open[connection] = place
        self._callers[place.caller] += 1
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()
            del self._open[connection]
            self._callers[place.caller] -= 1
            if not self._callers[place.caller]:
                del self._callers[place.caller]

    async def close_ended(self, now: datetime | None = None) -> None:
        """Close the connections of versions that are retired or in a brownout."""
        now = now or utc_now()
        codes: dict[VersionLifecycle, tuple[int, str] | None] = {}
        for connection, place in tuple(self._open.items()):
            version = place.version
            if version is None:
                continue
            if version not in codes:
                codes[version] = self._code(version, now)
            if (ending := codes[version]) is not None:
                connection.close(*ending)

    def _code(self, version: VersionLifecycle, now: datetime) -> tuple[int, str] | None:
        try:
            self._schedule.ensure_served(version, now)
        except VersionRetired:
            return RETIRED, "version_retired"
        except VersionBrownedOut:
            return TRY_AGAIN_LATER, "version_browned_out"
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        self._metrics.limit.labels().set(self._settings.max_connections)
        task = asyncio.create_task(repeat("ended_connections_not_closed", self.close_ended, _TICK_SECONDS))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._metrics.limit.labels().set(0)
