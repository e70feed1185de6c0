"""Limits on complete heads, in each version's format and outside of versions, and on the rate of a body."""

import asyncio
from collections.abc import Mapping

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.http.middleware.size_limits import BodyLimits, BodyTimeout, HeadLimits, RequestSizeLimitMiddleware
from app.kit.deadline import Deadline, DeadlineExceeded
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.wire import WIRE

PATHS = {
    "/health": "",
    "/": "",
    "/nothing": "",
    **{f"{dialect.prefix}/posts": name for name, dialect in DIALECTS.items()},
}
"""The version of each path, if it has one."""
Headers = tuple[tuple[bytes, bytes], ...]
HOST: Headers = ((b"host", b"x"),)


async def get(
    test_app: TestApp, path: str, headers: Headers, query: bytes = b"", version: str = "1.1"
) -> tuple[int, Mapping[bytes, bytes], bytes]:
    """Status, headers and body of a response, without a client that completes the request."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": version,
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": list(headers),
        "client": ("192.0.2.1", 40000),
        "server": ("x", 80),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await test_app.app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ((), b"", 400),
        (HOST * 2, b"", 400),
        ((*HOST, (b"x-padding", b"x" * 40_000)), b"", 431),
        (HOST + ((b"x-a", b"b"),) * 200, b"", 431),
        (HOST, b"q=" + b"q" * 9000, 431),
    ],
    ids=["no host", "two hosts", "large fields", "many fields", "long target"],
)
async def test_a_head_beyond_a_limit_is_rejected(
    test_app: TestApp, path: str, headers: Headers, query: bytes, status: int
) -> None:
    rejected, fields, body = await get(test_app, path, headers, query)
    assert rejected == status
    assert b"x-request-id" in fields
    version = PATHS[path] or WIRE
    assert fields[b"content-type"].decode() == DIALECTS[version].failure_type
    assert orjson.loads(body).get("status") == (status if DIALECTS[version].has_codes else None)


async def test_a_client_of_http_1_0_needs_no_host(test_app: TestApp) -> None:
    assert (await get(test_app, "/health", (), version="1.0"))[0] == 200
    assert (await get(test_app, "/api/v2/posts", (), version="1.0"))[0] == 200


async def read_all(_scope: Scope, receive: Receive, _send: Send) -> None:
    """Read the body."""
    while (await receive())["more_body"]:
        pass


@pytest.mark.parametrize(("rate", "ends"), [(1_000_000, True), (100, False), (0, False)])
async def test_a_body_must_arrive_at_a_lowest_rate(rate: int, *, ends: bool) -> None:
    parts = iter([True] * 15 + [False])

    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x" * 10, "more_body": next(parts)}

    async def send(_message: Message) -> None:
        """Nothing is sent."""

    middleware = RequestSizeLimitMiddleware(
        read_all, head=HeadLimits(1000, 1000, 10), body=BodyLimits(1000, 0.1 if ends else 10, rate)
    )
    scope: Scope = {"type": "http", "path": "/", "query_string": b"", "headers": [], "state": {}}
    if not ends:
        await middleware(scope, drip, send)
        return
    with pytest.raises(BodyTimeout):
        await middleware(scope, drip, send)
    assert next(parts, None) is not None, "it ends although every part arrives within the pause that is allowed"


async def test_the_deadline_of_a_request_does_not_include_the_arrival_of_its_body() -> None:
    async def late() -> Message:
        await asyncio.sleep(0.5)
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def send(_message: Message) -> None:
        """Nothing is sent."""

    async def read_and_work(scope: Scope, receive: Receive, send: Send) -> None:
        await read_all(scope, receive, send)
        read.set()
        await asyncio.sleep(300)

    read = asyncio.Event()
    middleware = RequestSizeLimitMiddleware(
        read_and_work, head=HeadLimits(1000, 1000, 10), body=BodyLimits(1000, 60, 0)
    )
    scope: Scope = {"type": "http", "path": "/", "query_string": b"", "headers": [], "state": {}}
    with pytest.raises(DeadlineExceeded), Deadline(0.2):
        await middleware(scope, late, send)
    assert read.is_set(), "the wait for the body did not end the request, and the work after it did"
