"""The event loop of a server process, whose servers accept no more connections than the process can serve."""

import asyncio
from typing import Any, Final

from app.http.server.accepting import Acceptor
from app.http.server.protocol import LimitedHttpProtocol

FACTORY: Final = f"{__name__}:new_event_loop"
"""uvicorn's setting ``loop``."""


class _AcceptingWithinLimits(asyncio.AbstractEventLoop):
    """Part of a loop: uvicorn calls ``create_server`` with a factory of its protocol."""

    async def create_server(self, protocol_factory: Any, *arguments: Any, **options: Any) -> Any:
        """See asyncio. Servers of other protocols accept as usual."""
        protocol = protocol_factory()
        if not isinstance(protocol, LimitedHttpProtocol):
            return await super().create_server(protocol_factory, *arguments, **options)
        context = options.pop("ssl", None)
        server = await super().create_server(protocol_factory, *arguments, **options, start_serving=False)
        try:
            return Acceptor(
                server.sockets,
                protocol_factory,
                protocol.open_connections,
                backlog=options.get("backlog", 100),
                context=context,
            )
        finally:
            server.close()


class LimitedLoop(_AcceptingWithinLimits, asyncio.SelectorEventLoop):
    """The loop of the standard library."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop where it is installed, else the loop of the standard library."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return LimitedLoop()

    class LimitedUvloop(_AcceptingWithinLimits, uvloop.Loop):  # type: ignore[misc]  # overrides it with fewer types
        """uvloop."""

    return LimitedUvloop()
