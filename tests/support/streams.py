"""A client of a stream of server-sent events, inside of the process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.types import Message

from tests.support.app import TestApp
from tests.support.server_sent_events import messages_in
from tests.support.waiting import PATIENCE


@dataclass(frozen=True)
class Received:
    """One message; ``event`` is empty for one that sets the position only."""

    event: str
    data: str
    id: str


class StreamClient:
    """Reads one stream, as an ``EventSource`` does."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.ended = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self._body = True
        self._left = asyncio.Event()
        self._changed = asyncio.Event()

    async def receive(self) -> Message:
        if self._body:
            self._body = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()
            if not message.get("more_body"):
                self.ended.set()
        self._changed.set()

    def leave(self) -> None:
        self._left.set()

    @property
    def messages(self) -> list[Received]:
        """Every complete message with an event."""
        return [
            Received(fields.get("event", ""), fields["data"], fields.get("id", "")) for fields in messages_in(self.text)
        ]

    @property
    def position(self) -> str:
        """The last id."""
        return self.text.rpartition("id: ")[2].partition("\n")[0]

    async def until(self, text: str) -> None:
        """Wait until the stream has sent a text. Fails at once if the stream ends without it."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.text:
                assert not self.ended.is_set(), f"{self.status}: {self.text}"
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def opened(test_app: TestApp, path: str, headers: Mapping[str, str]) -> AsyncIterator[StreamClient]:
    """Open a stream during the block, and wait until it has started."""
    client = StreamClient()
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
        "scheme": "http",
        "server": ("strata.test", 80),
    }
    task = asyncio.create_task(test_app.app(scope, client.receive, client.send))
    try:
        await client.until("retry: ")
        yield client
    finally:
        client.leave()
        client.reading.set()
        async with asyncio.timeout(PATIENCE):
            await task
