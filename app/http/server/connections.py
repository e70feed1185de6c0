"""The open connections of one process, and their deadlines."""

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Protocol

from app.http.runtime import Component, Runtime
from app.http.server.limits import ConnectionLimits
from app.http.server.metrics import ConnectionMetrics
from app.http.server.rejections import Rejection
from app.settings.http import HttpSettings
from observability.metrics.metrics import Metrics

_KEY: Final = "connections"
_TICK_SECONDS: Final = 1.0


class Connection(Protocol):
    """A connection of a client."""

    @property
    def serving(self) -> bool:
        """Whether a request is in progress."""

    def on_second(self) -> None:
        """Called once a second."""

    def evict(self) -> None:
        """Close the connection; no request is in progress."""


class Connections(Component):
    """Calls each connection once a second, so that no request sets and cancels a timer, and limits their number."""

    def __init__(self, limits: ConnectionLimits, metrics: ConnectionMetrics) -> None:
        self.limits = limits
        self._metrics = metrics
        # In order of arrival: a dict, because a set has no order.
        self._open: dict[Connection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def build(cls, runtime: Runtime) -> "Connections":
        """The connections of a process that serves these settings."""
        return cls(ConnectionLimits.of(runtime.settings[HttpSettings]), runtime.metrics.group(ConnectionMetrics))

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

    def add(self, connection: Connection) -> bool:
        """Add a new connection. Returns whether it may send requests.

        Beyond the limit, the oldest connection without a request is closed, which is idle or an attacker's.
        """
        admitted = True
        if len(self._open) >= self.limits.connections:
            oldest = next((other for other in self._open if not other.serving), None)
            if oldest is None:
                admitted = False
            else:
                self.discard(oldest)
                oldest.evict()
        self._open[connection] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)
        return admitted

    def discard(self, connection: Connection) -> None:
        """Remove a connection that is closed, or has another protocol from now on."""
        self._open.pop(connection, None)

    def reject(self, rejection: Rejection) -> bytes:
        """Count and log a rejection. Returns the response."""
        self._metrics.rejected.labels(rejection.reason).inc()
        return rejection.record()[1]

    def _tick(self) -> None:
        for connection in tuple(self._open):
            connection.on_second()
        self._metrics.open.labels().set(len(self._open))
        running = asyncio.get_running_loop()
        self._timer = running.call_later(_TICK_SECONDS, self._tick) if self._open else None
