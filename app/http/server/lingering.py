"""What a connection does after its last response."""

import asyncio
from enum import IntEnum
from typing import Any, Protocol

from app.http.server.limits import ConnectionLimits


class Phase(IntEnum):
    """What the parser expects next. ``WAITING`` is false: nothing has to be checked after complete requests."""

    WAITING = 0
    HEAD = 1
    BODY = 2


class Lingering(Protocol):
    """A protocol that can end its stream and discard further input."""

    transport: asyncio.Transport

    def linger(self) -> None:
        """End the stream after what is written, and discard input until the client closes or a limit is reached."""


class LingeringProtocol(asyncio.Protocol):
    """Part of a protocol: the end of a connection whose client may still send."""

    transport: asyncio.Transport
    flow: Any
    limits: ConnectionLimits
    ending = False
    """Whether further input is ignored, and the connection closed after the last response."""
    lingering = False
    waited = 0
    """Seconds since the connection waits for what it waits for."""
    _discarded = 0

    def linger(self) -> None:
        """End the stream after what is written, and discard input until the client closes or a limit is reached."""
        if self.lingering or self.transport.is_closing():
            return
        self.ending = self.lingering = True
        self.waited = 0
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()

    def discard_input(self, size: int) -> None:
        """Count input that is ignored: it is read up to a limit."""
        self._discarded += size
        if not self.lingering:
            self.flow.pause_reading()
        elif self._discarded > self.limits.linger:
            self.transport.abort()


class LingeringTransport:
    """The transport of a response that ends the connection while the client may still send."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Lingering) -> None:
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        """See ``asyncio.Transport``."""
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        """See ``asyncio.Transport``."""
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        """Linger instead."""
        self._protocol.linger()
