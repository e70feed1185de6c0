"""Notifies other processes after a commit. A nudge is a hint that rows have changed: it may be lost, the rows are not.

PostgreSQL serialises the commits of transactions that ``NOTIFY``, so business transactions never do: a nudge is sent on
a connection of its own, and those of some milliseconds together.
"""

import asyncio
from collections.abc import Iterable
from contextvars import Context
from typing import Final

import structlog

from app.errors import DomainError
from app.kit.db.errors import translate_errors
from app.kit.db.sessions import Connections, Nudge

_SECONDS: Final = 0.02
"""At most one ``NOTIFY`` of this process in this time."""
_CLOSE_SECONDS: Final = 1.0
_NOTIFY: Final = "SELECT pg_notify(c, p) FROM unnest($1::text[], $2::text[]) AS n(c, p)"
_LOG: Final = structlog.get_logger()


class Notifier:
    """Sends the nudges of one process; the first one at once, others together after a pause."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._pending: dict[tuple[str, str], str] = {}
        self._task: asyncio.Task[None] | None = None

    def send(self, nudges: Iterable[Nudge]) -> None:
        """Send them soon. Never blocks, never raises."""
        for nudge in nudges:
            self._pending[nudge.channel, "" if nudge.replaces else nudge.payload] = nudge.payload
        if self._pending and self._task is None:
            # The task outlives the request, so it must not have the deadline and the trace of the request.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def close(self) -> None:
        """Send what is pending, for at most a second."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_CLOSE_SECONDS)

    async def _run(self) -> None:
        try:
            while self._pending:
                await self._flush()
                await asyncio.sleep(_SECONDS)
        finally:
            self._task = None

    async def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        channels = [channel for channel, _ in pending]
        try:
            async with translate_errors(), self._connections.acquire() as connection:
                await connection.execute(_NOTIFY, channels, list(pending.values()))
        except DomainError as error:
            # Listeners look at the tables from time to time.
            _LOG.debug("nudges_lost", channels=channels, error=error.code)
