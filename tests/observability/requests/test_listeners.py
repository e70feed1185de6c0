"""Who watches requests is told of those together that end together."""

import asyncio
import io
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from observability.logs.configuration import configure, request_lines
from observability.requests.context import ACTIVE, RequestContext, Requests
from observability.requests.middleware import RequestContextMiddleware
from observability.tracing.recording import RECORDING


def scope_of(name: bytes, path: str = "/") -> Scope:
    """A request with this id."""
    return {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [(b"x-request-id", name)]}


async def nothing(*_message: Message) -> Any:
    """Neither receives nor sends."""
    raise AssertionError


class Noting:
    """Notes how many requests are told of at once."""

    def __init__(self) -> None:
        self.begun = 0
        self.told: list[list[str]] = []

    def on_start(self, _scope: Scope, _context: RequestContext) -> None:
        self.begun += 1

    def on_end(self, requests: Requests) -> None:
        self.told.append([context.request_id for _, context in requests])


async def test_those_who_end_together_are_told_of_together_and_the_last_one_at_once() -> None:
    noting, doors = Noting(), [asyncio.Event() for _ in range(3)]

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        await doors[int(scope["path"][1:])].wait()

    layer = RequestContextMiddleware(app, mounts={}, listeners=[noting])
    async with asyncio.timeout(5):
        await staggered(layer, noting, doors)


async def staggered(layer: RequestContextMiddleware, noting: Noting, doors: list[asyncio.Event]) -> None:
    """Two that end together while a third is under way, and then the third."""
    names = [b"first", b"second", b"last"]
    scopes = [scope_of(name, f"/{number}") for number, name in enumerate(names)]
    tasks = [asyncio.ensure_future(layer(scope, nothing, nothing)) for scope in scopes]
    await asyncio.sleep(0)
    assert noting.begun == 3
    doors[0].set()
    doors[1].set()
    await asyncio.gather(*tasks[:2])
    await asyncio.sleep(0)
    assert noting.told == [["first", "second"]]
    doors[2].set()
    await tasks[2]
    assert noting.told == [["first", "second"], ["last"]]


async def test_an_application_that_fails_has_ended_too() -> None:
    noting = Noting()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    layer = RequestContextMiddleware(app, mounts={}, listeners=[noting])
    with pytest.raises(ZeroDivisionError):
        await layer(scope_of(b"failing"), nothing, nothing)
    assert noting.told == [["failing"]]
    assert (ACTIVE.get(), RECORDING.get()) == (None, None)


def test_the_lines_of_requests_that_ended_together_are_written_in_one_piece() -> None:
    class Counting(io.BytesIO):
        writes = 0

        def write(self, data: Any) -> int:
            self.writes += 1
            return super().write(data)

    stream = Counting()
    configure("info", "json", stream)
    for number in range(3):
        request_lines.log.info("request", number=number)
        request_lines.log.debug("request", number=-1)
    assert stream.writes == 0
    request_lines.flush()
    request_lines.flush()
    assert stream.writes == 1
    assert [(line["number"], line["level"]) for line in map(json.loads, stream.getvalue().splitlines())] == [
        (0, "info"),
        (1, "info"),
        (2, "info"),
    ]
