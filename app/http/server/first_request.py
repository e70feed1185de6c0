"""Whether a new connection has sent its first request."""

import asyncio

from app.http.server.connections import Connections


class FirstRequest(asyncio.Protocol):
    """Part of a protocol. A new connection takes the place of the request that it is about to send, for a second."""

    open_connections: Connections
    unused = False
    """Whether it takes such a place."""

    def expect_first_request(self) -> None:
        """The connection is new."""
        self.unused = True
        self.open_connections.unused += 1

    def end_first_request(self) -> None:
        """The first request has started, or is expected no longer."""
        if self.unused:
            self.unused = False
            self.open_connections.unused -= 1
