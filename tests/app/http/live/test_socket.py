"""A WebSocket ends with a code, whatever its client or its handler does."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from app.errors import Unavailable
from app.http.live.metrics import RealtimeMetrics
from app.http.live.socket import SocketConnection
from app.settings.realtime import RealtimeSettings
from observability.metrics.metrics import Metrics
from tests.support.waiting import PATIENCE


class Client:
    """The other end of a WebSocket. While ``reading`` is not set, nothing that is sent arrives."""

    def __init__(self, settings: RealtimeSettings) -> None:
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.incoming.put_nowait({"type": "websocket.connect"})
        self.outgoing: list[Message] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.registry = (metrics := Metrics()).registry
        self.metrics = metrics.group(RealtimeMetrics)
        scope = {"type": "websocket", "path": "/", "headers": [], "state": {}}
        self.socket = WebSocket(scope, self.incoming.get, self.send)
        self.connection = SocketConnection(self.socket, settings, self.metrics)

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        self.outgoing.append(message)

    def say(self, text: str) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    def dropped(self, reason: str) -> float:
        return self.registry.get_sample_value("realtime_dropped_total", {"reason": reason}) or 0

    async def served(self, handler: "Handler") -> list[Message]:
        """What the client receives until the connection ends."""
        await self.socket.accept()
        async with asyncio.timeout(PATIENCE):
            await self.connection.run(handler)
        return self.outgoing[1:]


class Handler:
    """Answers with ``act``."""

    def __init__(self, act: Callable[[str], None]) -> None:
        self.act = act
        self.warnings = 0

    async def receive(self, text: str) -> None:
        self.act(text)

    def warn(self) -> None:
        self.warnings += 1


def closed(code: int, reason: str) -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}


async def test_what_is_queued_is_sent_before_the_code() -> None:
    client = Client(RealtimeSettings())

    def act(text: str) -> None:
        client.connection.send(text)
        client.connection.close(4410, "version_retired")
        client.connection.close(1008, "too late")
        client.connection.send("ignored")

    client.say("a")
    assert await client.served(Handler(act)) == [
        {"type": "websocket.send", "text": "a"},
        closed(4410, "version_retired"),
    ]


async def test_a_binary_frame_closes_with_1003() -> None:
    client = Client(RealtimeSettings())
    client.incoming.put_nowait({"type": "websocket.receive", "bytes": b"a"})
    assert await client.served(Handler(lambda _text: None)) == [closed(1003, "text_only")]


async def test_a_client_that_leaves_ends_the_connection() -> None:
    client = Client(RealtimeSettings())
    handler = Handler(lambda _text: client.incoming.put_nowait({"type": "websocket.disconnect", "code": 1001}))
    client.say("a")
    assert await client.served(handler) == []


async def test_a_slow_client_is_disconnected() -> None:
    client = Client(RealtimeSettings(queue_messages=2))

    def act(_text: str) -> None:
        client.reading.clear()
        for number in range(4):
            client.connection.send(str(number))
        client.reading.set()

    client.say("a")
    assert await client.served(Handler(act)) == [closed(1013, "slow_client")]
    assert client.dropped("slow_client") == 1


async def test_bytes_that_wait_are_limited() -> None:
    client = Client(RealtimeSettings(queue_bytes=1024))
    client.say("a")
    handler = Handler(lambda _text: client.connection.send("x" * 1025))
    assert await client.served(handler) == [closed(1013, "slow_client")]


async def test_a_client_that_does_not_read_is_left_after_the_timeout() -> None:
    client = Client(RealtimeSettings(send_timeout=0.05))

    def act(_text: str) -> None:
        client.reading.clear()
        client.connection.send("never arrives")

    client.say("a")
    assert await client.served(Handler(act)) == []


async def test_too_many_messages_are_warned_of_then_closed() -> None:
    client = Client(RealtimeSettings(messages_per_second=0.001, message_burst=4))
    seen: list[str] = []
    handler = Handler(seen.append)
    for number in range(8):
        client.say(str(number))
    assert await client.served(handler) == [closed(4429, "too_many_messages")]
    assert seen == ["0", "1", "2", "3"]
    assert handler.warnings == 1
    assert client.dropped("rate") == 3


@pytest.mark.parametrize(
    ("error", "code", "reason"), [(Unavailable(), 1013, "unavailable"), (ValueError(), 1011, "internal_error")]
)
async def test_a_failure_closes_with_a_code(error: Exception, code: int, reason: str) -> None:
    client = Client(RealtimeSettings())

    def act(_text: str) -> None:
        raise error

    client.say("a")
    assert await client.served(Handler(act)) == [closed(code, reason)]
