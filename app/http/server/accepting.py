"""Accepts connections as fast as the process serves them; the others wait in the kernel, which costs nothing here."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from app.http.server.connections import Connections

_LOG: Final = structlog.get_logger()
_PAUSE_SECONDS: Final = 0.01
_EXHAUSTED_SECONDS: Final = 1.0
"""How long a process without free file descriptors or memory accepts nothing."""


class Acceptor:
    """A server that stops accepting while the process is at capacity.

    The server of an event loop accepts every connection that waits: a flood on new connections would be parsed and
    rejected request by request, which costs more than the process has left. Here ``Connections.room`` limits how many
    are accepted at once. When it is used up, the next ones are accepted after a pause.
    """

    def __init__(
        self,
        bound: Sequence[Any],
        factory: Callable[[], asyncio.BaseProtocol],
        connections: Connections,
        *,
        backlog: int,
        context: ssl.SSLContext | None,
    ) -> None:
        # Descriptors of their own: the server of the loop closes its sockets.
        self.sockets = tuple(socket.socket(fileno=os.dup(one.fileno())) for one in bound)
        self._factory = factory
        self._connections = connections
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._starting: set[asyncio.Task[None]] = set()
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}
        for listener in self.sockets:
            listener.settimeout(0)
            listener.listen(backlog)
            self._resume(listener)

    def close(self) -> None:
        """Stop accepting. Connections stay open."""
        for listener in self.sockets:
            if (pause := self._pauses.pop(listener, None)) is not None:
                pause.cancel()
            if listener.fileno() >= 0:
                self._loop.remove_reader(listener)
                listener.close()

    async def wait_closed(self) -> None:
        """Wait for connections that were accepted and have no protocol yet."""
        await asyncio.gather(*self._starting)

    def _accept(self, listener: socket.socket) -> None:
        room = self._connections.room(len(self._starting))
        for _ in range(room):
            try:
                accepted, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOG.error("connections_not_accepted", error=error.strerror)
                self._pause(listener, _EXHAUSTED_SECONDS)
                return
            task = self._loop.create_task(self._start(accepted))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        self._pause(listener, _PAUSE_SECONDS)

    async def _start(self, accepted: socket.socket) -> None:
        with suppress(OSError):
            # The client may be gone.
            await self._loop.connect_accepted_socket(self._factory, accepted, ssl=self._context)

    def _pause(self, listener: socket.socket, seconds: float) -> None:
        self._loop.remove_reader(listener)
        self._pauses[listener] = self._loop.call_later(seconds, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        self._pauses.pop(listener, None)
        self._loop.add_reader(listener, self._accept, listener)
