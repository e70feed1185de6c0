"""The open streams and WebSockets of one process: how many there may be, and when they must end."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from app.access.principal import Principal
from app.errors import RateLimited, Unavailable
from app.events.stored import StoredEvent
from app.http.lifecycle import LifecycleComponent
from app.http.live.close_codes import CloseCode
from app.http.live.draining import called_on_shutdown
from app.http.live.metrics import CALLER, DRAINING, PROCESS, RealtimeMetrics
from app.http.plans import PlansComponent
from app.http.runtime import Component, Runtime
from app.kit.background import repeat, tasks_running
from app.kit.clock import utc_now
from app.lifecycle.errors import VersionBrownedOut, VersionRetired
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import VersionLifecycle
from app.plans.catalogue import PlanCatalogue
from app.settings.realtime import RealtimeSettings

_RETRY_SECONDS: Final = 5
_TICK_SECONDS: Final = 0.25
_ENDS_ITSELF: Final = frozenset({"session.revoked", "api_key.revoked"})
_ENDS_USER: Final = frozenset({"user.deleted", "user.password_reset", "user.roles_changed"})
_ENDING_CHANGES: Final = frozenset({"is_active", "password", "email"})


class TooManyConnections(RateLimited):
    code = "too_many_connections"
    detail = "Your plan allows no more open connections. Close one of them, or try again later."


class ConnectionsExhausted(Unavailable):
    code = "connections_exhausted"
    detail = "The server has too many open connections. Try again in a moment."


class LiveConnection(Protocol):
    """A stream or a WebSocket."""

    def close(self, code: int, reason: str) -> None:
        """End it soon: the client receives the code or the reason. Never blocks."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a connection counts as. ``version`` is set where the version has a sunset; ``principal`` has a user."""

    api_version: str
    channel: str
    principal: Principal
    version: VersionLifecycle | None

    @property
    def caller(self) -> UUID:
        """The user, with all their sessions and keys."""
        return self.principal.signed_in().user_uid


class LiveConnections(Component):
    """Limits the number of open connections, and closes connections.

    It closes a connection with its version, with its session or key, and when the process stops.
    """

    def __init__(
        self, settings: RealtimeSettings, plans: PlanCatalogue, metrics: RealtimeMetrics, schedule: Schedule
    ) -> None:
        self._settings = settings
        self._plans = plans
        self._metrics = metrics
        self._schedule = schedule
        self._open: dict[LiveConnection, Place] = {}
        self._callers: Counter[UUID] = Counter()
        self._draining = False

    @classmethod
    def build(cls, runtime: Runtime) -> "LiveConnections":
        """The limits of the settings and of the plans, and the schedule of the process."""
        settings, metrics = runtime.settings[RealtimeSettings], runtime.metrics.group(RealtimeMetrics)
        return cls(settings, runtime.get(PlansComponent).catalogue, metrics, runtime.get(LifecycleComponent).schedule)

    def __len__(self) -> int:
        return len(self._open)

    def ensure_free(self, principal: Principal) -> None:
        """Raise ``ConnectionsExhausted`` or ``TooManyConnections`` if there is no place for another connection."""
        caller = principal.signed_in().user_uid
        if self._draining:
            self._metrics.rejected.labels(DRAINING).inc()
            raise ConnectionsExhausted(retry_after=1)
        if len(self._open) >= self._settings.max_connections:
            self._metrics.rejected.labels(PROCESS).inc()
            raise ConnectionsExhausted(retry_after=_RETRY_SECONDS)
        if self._callers[caller] >= self._plans.caps(principal.plan).streams:
            self._metrics.rejected.labels(CALLER).inc()
            raise TooManyConnections(retry_after=_RETRY_SECONDS, context={"policy": "streams"})

    @contextmanager
    def held(self, connection: LiveConnection, place: Place) -> Iterator[None]:
        """Count the connection during the block. Raises as ``ensure_free`` does."""
        caller = place.caller
        self.ensure_free(place.principal)
        gauge = self._metrics.connections.labels(place.api_version, place.channel)
        self._open[connection] = place
        self._callers[caller] += 1
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()
            del self._open[connection]
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    def on_event(self, event: StoredEvent) -> None:
        """Close the connections whose session or key ended with this event, or whose user has other permissions now."""
        self._metrics.lag.observe(max(0.0, (utc_now() - event.occurred_at).total_seconds()))
        if event.type in _ENDS_ITSELF:
            subject = event.subject_uid
            self._close(lambda principal: subject in (principal.session_uid, principal.key_uid))
        elif event.type in _ENDS_USER or (
            event.type == "user.updated" and not _ENDING_CHANGES.isdisjoint(event.payload["changed"])
        ):
            user = event.subject_uid
            self._close(lambda principal: principal.user_uid == user)

    def drain(self) -> None:
        """Close every connection, since the process stops, and accept no further one."""
        self._draining = True
        for connection in tuple(self._open):
            connection.close(CloseCode.SERVICE_RESTART, "service_restart")

    async def close_ended(self, now: datetime | None = None) -> None:
        """Close the connections of versions that are retired or in a brownout."""
        now = now or utc_now()
        codes: dict[str, tuple[int, str] | None] = {}
        for connection, place in tuple(self._open.items()):
            version = place.version
            if version is None:
                continue
            if version.name not in codes:
                codes[version.name] = self._code(version, now)
            if (ending := codes[version.name]) is not None:
                connection.close(*ending)

    def _close(self, ended: Callable[[Principal], bool]) -> None:
        for connection, place in tuple(self._open.items()):
            if ended(place.principal):
                connection.close(CloseCode.UNAUTHENTICATED, "authorization_ended")

    def _code(self, version: VersionLifecycle, now: datetime) -> tuple[int, str] | None:
        try:
            self._schedule.ensure_served(version, now)
        except VersionRetired:
            return CloseCode.RETIRED, "version_retired"
        except VersionBrownedOut:
            return CloseCode.TRY_AGAIN_LATER, "version_browned_out"
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        self._metrics.limit.labels().set(self._settings.max_connections)
        try:
            with called_on_shutdown(self.drain):
                async with tasks_running(repeat("ended_connections_not_closed", self.close_ended, _TICK_SECONDS)):
                    yield
        finally:
            self._metrics.limit.labels().set(0)
