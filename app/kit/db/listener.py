"""Receives nudges of other processes on a connection that is opened again whenever it is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from app.kit.background import tasks_running
from app.kit.db.closing import close_connection
from app.kit.db.errors import DRIVER_ERRORS
from observability.concurrency.backoff import Backoff

Callback = Callable[[str | None], None]
"""Receives the payload of a nudge; None after a (new) connection, before which any number of nudges may be lost."""

_PROBE_SECONDS: Final = 30.0
"""A connection that was silent for so long is probed: its server may be gone without a word."""
_BACKOFF: Final = Backoff(first=0.1, longest=5.0)
_LOG: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """The address of the database, without a pooler in between, and the limit of each network call in seconds."""

    dsn: str
    timeout: float
    application_name: str


class Listener:
    """Listens on one connection to every channel that was subscribed to before it ran."""

    def __init__(self, settings: ListenerSettings) -> None:
        self._settings = settings
        self._callbacks: dict[str, list[Callback]] = {}

    def subscribe(self, channel: str, callback: Callback) -> None:
        """Call ``callback`` for each nudge. It must return quickly."""
        self._callbacks.setdefault(channel, []).append(callback)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen during the block. The database may be down."""
        async with tasks_running(self._run()):
            yield

    async def _run(self) -> None:
        failures = 0
        while self._callbacks:
            try:
                await self._listen()
                failures = 0
            except DRIVER_ERRORS as error:
                _LOG.debug("listener_failed", error=type(error).__name__)
            delay = _BACKOFF.delay(failures)
            failures += 1
            _LOG.warning("listener_disconnected", retry_in=round(delay, 2))
            await asyncio.sleep(delay)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        settings = self._settings
        connection = await asyncpg.connect(
            settings.dsn,
            timeout=settings.timeout,
            command_timeout=settings.timeout,
            server_settings={"application_name": settings.application_name},
        )
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            for channel in self._callbacks:
                await connection.add_listener(channel, self._receive)
            self._call_all()
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PROBE_SECONDS):
                        await lost.wait()
                    return
                await connection.execute("SELECT 1")
        finally:
            await close_connection(connection)

    def _receive(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        for callback in self._callbacks[channel]:
            callback(str(payload))

    def _call_all(self) -> None:
        for callbacks in self._callbacks.values():
            for callback in callbacks:
                callback(None)
