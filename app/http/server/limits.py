"""The limits of one connection and of all connections of a process."""

from dataclasses import dataclass
from typing import Self

from app.settings.http import HttpSettings

_OVERHEAD_PER_BYTE = 8
"""A chunk of one byte takes six bytes on the wire."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Sizes are in bytes and times in seconds. ``HttpSettings`` describes them and has the defaults."""

    head: int
    head_timeout: int
    idle_timeout: int
    pipelined: int
    connections: int
    drained: int
    linger: int
    linger_timeout: int
    unread_timeout: int

    @classmethod
    def of(cls, http: HttpSettings) -> Self:
        """The limits that the settings state."""
        return cls(
            head=http.max_header_bytes,
            head_timeout=http.head_timeout,
            idle_timeout=http.keep_alive_timeout,
            pipelined=http.max_pipelined_requests,
            connections=http.max_connections,
            drained=http.max_drained_bytes,
            linger=http.linger_bytes,
            linger_timeout=http.linger_timeout,
            unread_timeout=http.unread_timeout,
        )

    def framing_exceeded(self, received: int, payload: int) -> bool:
        """Whether chunk sizes, chunk extensions and trailers take more bytes than a body of this size needs."""
        return received - payload > self.head + _OVERHEAD_PER_BYTE * payload
