"""The open connections of one process, and their deadlines."""

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Protocol

import structlog

from app.http.middleware.load_shedding import Capacity
from app.http.runtime import Component, Runtime
from app.http.server.limits import ConnectionLimits
from app.http.server.metrics import ConnectionMetrics
from app.http.server.rejections import TOO_MANY_CONNECTIONS, Rejection
from app.http.slots import Slots
from app.settings.http import HttpSettings
from observability.metrics.metrics import Metrics

_KEY: Final = "connections"
_LOG: Final = structlog.get_logger()
_TICK_SECONDS: Final = 1.0
_BATCH: Final = 64
_FEW: Final = 4
_ABSENT: Final = object()


class Connection(Protocol):
    """A connection of a client."""

    @property
    def evictable(self) -> bool:
        """Whether it has sent no request yet, or none for a second, and none is in progress."""

    def on_second(self) -> None:
        """Called once a second."""

    def evict(self) -> None:
        """Close the connection; no request is in progress."""


class Connections(Component):
    """Calls each connection once a second, so that no request sets and cancels a timer, and limits their number."""

    def __init__(self, limits: ConnectionLimits, metrics: ConnectionMetrics, capacity: Slots | None = None) -> None:
        self.limits = limits
        self.unused = 0
        """Connections whose first request has not started, and is expected within a second."""
        self._metrics = metrics
        self._capacity = capacity
        self._shed = 0
        """Connections beyond the limit since the last log line."""
        # In order of their last use: a dict, because a set has no order.
        self._open: dict[Connection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def build(cls, runtime: Runtime) -> "Connections":
        """The connections of a process that serves these settings."""
        limits = ConnectionLimits.of(runtime.settings[HttpSettings])
        return cls(limits, runtime.metrics.group(ConnectionMetrics), runtime.get(Capacity))

    @classmethod
    def of(cls, state: MutableMapping[str, Any]) -> "Connections":
        """The connections of a server by its lifespan state; with the default limits if the application sets none."""
        connections: Connections | None = state.get(_KEY)
        if connections is None:
            connections = state[_KEY] = cls(ConnectionLimits.of(HttpSettings()), ConnectionMetrics(Metrics()))
        return connections

    def state(self) -> Mapping[str, Any]:
        """The lifespan state from which ``of`` reads."""
        return {_KEY: self}

    def room(self, starting: int) -> int:
        """How many connections may be accepted at once; ``starting`` are accepted and not added yet.

        As many as there are free places for requests and connections. Without free places a few are accepted all the
        same: probes must reach a process at capacity, and other clients learn when to retry.
        """
        room = min(_BATCH, self.limits.connections - len(self._open) - starting)
        if self._capacity is not None:
            room = min(room, self._capacity.limit - self._capacity.in_use - self.unused - starting)
        return max(room, _FEW)

    def add(self, connection: Connection) -> bool:
        """Add a new connection. Returns whether it may send requests.

        Beyond the limit, the least recently used connection that is evictable is closed: it is idle, or an attacker's.
        Clients that send one request after another keep their connections.
        """
        admitted = True
        if len(self._open) >= self.limits.connections:
            oldest = next((other for other in self._open if other.evictable), None)
            if oldest is None:
                admitted = False
            else:
                self.discard(oldest)
                oldest.evict()
        self._open[connection] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)
        return admitted

    def record_use(self, connection: Connection) -> None:
        """A request of the connection is complete: the others are closed before it."""
        if self._open.pop(connection, _ABSENT) is None:
            self._open[connection] = None

    def discard(self, connection: Connection) -> None:
        """Remove a connection that is closed, or has another protocol from now on."""
        self._open.pop(connection, None)

    def reject(self, rejection: Rejection) -> bytes:
        """Count a rejection and log it. Returns the response."""
        self._metrics.rejected.labels(rejection.reason).inc()
        if rejection is TOO_MANY_CONNECTIONS:
            # Expected under load: one line per second.
            self._shed += 1
            return rejection.response()
        return rejection.record()[1]

    def _tick(self) -> None:
        for connection in tuple(self._open):
            connection.on_second()
        self._metrics.open.labels().set(len(self._open))
        if self._shed:
            _LOG.warning("connections_shed", connections=self._shed)
            self._shed = 0
        running = asyncio.get_running_loop()
        self._timer = running.call_later(_TICK_SECONDS, self._tick) if self._open else None
