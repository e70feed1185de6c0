"""The connection to Redis: commands as bytes, replies in their order, and what a failure leaves behind."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

from observability.redis.connection import Connection, pack
from tests.support.redis import RedisServer
from tests.support.waiting import PATIENCE


def test_a_command_is_encoded_in_the_protocol_of_redis() -> None:
    assert pack([b"ECHO", b"a\r\n", b""]) == b"*3\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n$0\r\n\r\n"


async def test_replies_are_in_the_order_of_the_commands(redis_server: RedisServer) -> None:
    connection = Connection(redis_server.url, PATIENCE)
    commands = [pack([b"ECHO", b"a"]), pack([b"NONSENSE"]), pack([b"ECHO", b"\xff"])]
    first, error, last = await connection.call(commands)
    assert (first, last) == (b"a", b"\xff")
    assert isinstance(error, ResponseError)
    await connection.close()
    assert await connection.call(commands[:1]) == [b"a"], "it connects again"
    await connection.close()
    await connection.close()


async def test_a_connection_that_redis_closed_is_replaced_once(redis_server: RedisServer) -> None:
    connection = Connection(redis_server.url, PATIENCE)
    identity = pack([b"CLIENT", b"ID"])
    (before,) = await connection.call([identity])
    assert (await connection.call([identity])) == [before], "it is kept"
    with redis_server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    (after,) = await connection.call([identity])
    assert after != before
    await connection.close()


async def test_without_redis_a_call_fails_with_the_error_of_the_network() -> None:
    connection = Connection("redis://127.0.0.1:1/0", PATIENCE)
    with pytest.raises(Disconnected):
        await connection.call([pack([b"PING"])])


async def test_a_call_that_is_cancelled_leaves_no_reply_to_the_next(redis_server: RedisServer) -> None:
    connection = Connection(redis_server.url, PATIENCE)
    await connection.call([pack([b"PING"])])
    redis_server.suspend()
    late = asyncio.ensure_future(connection.call([pack([b"ECHO", b"late"])]))
    await asyncio.sleep(0.01)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    redis_server.resume()
    assert await connection.call([pack([b"ECHO", b"next"])]) == [b"next"]
    await connection.close()


async def test_a_call_ends_after_its_timeout(redis_server: RedisServer) -> None:
    connection: Any = Connection(redis_server.url, 0.05)
    redis_server.suspend()
    try:
        with pytest.raises(TimeoutError):
            await connection.call([pack([b"PING"])])
    finally:
        redis_server.resume()
    await connection.close()
