"""WebSocket clients of a running server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from tests.support.waiting import PATIENCE

PROTOCOL: Any = "strata.v2"


class SocketClient:
    """One connection; messages are JSON objects."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            found: dict[str, Any] = orjson.loads(await self.connection.recv())
            return found

    async def call(self, **message: Any) -> dict[str, Any]:
        """Send a request, and return its answer; messages before it are dropped."""
        await self.send(**message)
        while (answer := await self.receive()).get("ref") != message["ref"]:
            pass
        return answer

    async def close_code(self) -> int | None:
        """Wait for the end, and return the code with which the server closed."""
        async with asyncio.timeout(PATIENCE):
            await self.connection.wait_closed()
        return self.connection.close_code


@asynccontextmanager
async def socket(url: str, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[SocketClient]:
    """A connection to ``path`` of the server at ``url``."""
    address = f"ws{url.removeprefix('http')}{path}"
    options: dict[str, Any] = {"open_timeout": PATIENCE, "max_size": None, "ping_interval": None, "proxy": None}
    async with connect(address, subprotocols=[PROTOCOL], additional_headers=headers, **options) as connection:
        yield SocketClient(connection)
