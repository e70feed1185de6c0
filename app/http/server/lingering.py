"""What a connection does after its last response."""

import asyncio
from enum import IntEnum
from typing import Protocol


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
