"""Listeners are notified of requests that ended together in one call."""

import asyncio
import io
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from observability.logs.configuration import configure, request_lines
from observability.requests.context import ACTIVE, RequestContext, Requests
from observability.requests.middleware import RequestContextMiddleware
from observability.tracing.recording import RECORDING, Recording
from tests.support.waiting import PATIENCE


def scope_of(name: bytes, path: str = "/") -> Scope:
    """Return the scope of a request with this id."""
    return {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [(b"x-request-id", name)]}


async def nothing(*_message: Message) -> Any:
    """A receive and send that must not be called."""
    raise AssertionError


class RecordingListener:
    """Records the ids of each batch of ended requests."""

    def __init__(self) -> None:
        self.started = 0
        self.batches: list[list[str]] = []

    def on_start(self, _scope: Scope, _context: RequestContext) -> None:
        self.started += 1

    def on_end(self, requests: Requests) -> None:
        self.batches.append([context.request_id for _, context in requests])


async def test_requests_that_end_together_are_one_batch_and_the_last_one_is_reported_at_once() -> None:
    listener, doors = RecordingListener(), [asyncio.Event() for _ in range(3)]

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        await doors[int(scope["path"][1:])].wait()

    layer = RequestContextMiddleware(app, mounts={}, listeners=[listener])
    async with asyncio.timeout(PATIENCE):
        await staggered(layer, listener, doors)


async def staggered(layer: RequestContextMiddleware, listener: RecordingListener, doors: list[asyncio.Event]) -> None:
    """End two requests together while a third is in flight, and then the third."""
    names = [b"first", b"second", b"last"]
    scopes = [scope_of(name, f"/{number}") for number, name in enumerate(names)]
    tasks = [asyncio.ensure_future(layer(scope, nothing, nothing)) for scope in scopes]
    await asyncio.sleep(0)
    assert listener.started == 3
    doors[0].set()
    doors[1].set()
    await asyncio.gather(*tasks[:2])
    await asyncio.sleep(0)
    assert listener.batches == [["first", "second"]]
    doors[2].set()
    await tasks[2]
    assert listener.batches == [["first", "second"], ["last"]]


async def test_failed_request_is_reported_as_ended() -> None:
    listener = RecordingListener()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    layer = RequestContextMiddleware(app, mounts={}, listeners=[listener])
    with pytest.raises(ZeroDivisionError):
        await layer(scope_of(b"failing"), nothing, nothing)
    assert listener.batches == [["failing"]]
    assert (ACTIVE.get(), RECORDING.get()) == (None, None)


async def test_a_stream_is_reported_once_with_its_first_bytes() -> None:
    """A stream may stay open for an hour. Its request ends with the first bytes."""
    listener, recordings, sent = RecordingListener(), list[object](), list[Message]()

    class Tracing(RecordingListener):
        def on_start(self, scope: Scope, context: RequestContext) -> None:
            super().on_start(scope, context)
            context.recording = Recording(context.trace_id, context.span_id, sampled=False)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        kind = (b"content-type", b"text/event-stream; charset=utf-8")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        recordings.append(RECORDING.get())
        for _ in range(2):
            await send({"type": "http.response.body", "body": b"data", "more_body": True})
            recordings.append(RECORDING.get())
            assert listener.batches == [["stream"]]
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestContextMiddleware(app, mounts={}, listeners=[listener, Tracing()])(scope_of(b"stream"), nothing, send)
    await asyncio.sleep(0)
    assert listener.batches == [["stream"]]
    assert isinstance(recordings[0], Recording)
    assert recordings[1:] == [None, None]
    assert len(sent) == 4


def test_lines_of_requests_that_ended_together_are_one_write() -> None:
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
