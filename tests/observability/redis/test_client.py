"""Concurrent calls share round trips to Redis, fail one by one, and end in time."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.exceptions import ResponseError

from observability.redis.client import RedisClient
from observability.redis.connection import pack
from tests.support.redis import RedisServer
from tests.support.waiting import PATIENCE, eventually

PING, NONSENSE = pack([b"PING"]), pack([b"NONSENSE"])


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_server.url, PATIENCE)
    yield client
    await client.close()


def echo(text: bytes) -> bytes:
    return pack([b"ECHO", text])


async def test_each_call_receives_the_replies_to_its_commands(client: RedisClient) -> None:
    calls = [client.send(echo(b"a")), client.send(), client.send(echo(b"b"), PING), client.send(echo(b"c"))]
    assert await asyncio.gather(*calls) == [[b"a"], [], [b"b", b"PONG"], [b"c"]]


async def test_concurrent_calls_share_round_trips(client: RedisClient, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[int] = []
    call = client._connection.call

    async def counted(commands: list[bytes]) -> list[bytes | Exception]:
        trips.append(len(commands))
        return await call(commands)

    monkeypatch.setattr(client._connection, "call", counted)
    await asyncio.gather(*(client.send(PING, PING) for _ in range(10)))
    assert trips == [2, 18]


async def test_an_error_is_raised_to_its_caller_alone(client: RedisClient) -> None:
    calls = [client.send(PING), client.send(PING, NONSENSE), client.send(echo(b"a"))]
    first, error, last = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, last) == ([b"PONG"], [b"a"])
    assert isinstance(error, ResponseError)


async def test_a_call_that_all_callers_abandoned_ends(redis_server: RedisServer) -> None:
    """Twenty timeouts later: a busy event loop is not mistaken for a Redis that hangs."""
    client = RedisClient(redis_server.url, 0.02)
    redis_server.suspend()
    try:
        started = time.monotonic()
        # The second one waits for a batch of its own, which no caller's end cancels.
        calls = (client.in_time(client.send(PING)) for _ in range(2))
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert list(map(type, found)) == [TimeoutError, TimeoutError]

        async def running() -> bool:
            return client._connection._connection is not None

        async def ended() -> bool:
            return not await running()

        await eventually(running)
        await eventually(ended)
        assert time.monotonic() - started >= 20 * 0.02
    finally:
        redis_server.resume()
    await client.close()


async def test_a_stalled_event_loop_does_not_lose_a_reply_that_has_arrived(redis_server: RedisServer) -> None:
    client = RedisClient(redis_server.url, 0.5)
    await client.send(PING)
    reply = asyncio.ensure_future(client.in_time(client.send(PING)))
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251 - the loop must stall
    assert await reply == [b"PONG"]
    await client.close()
