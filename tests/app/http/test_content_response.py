"""The content of an object as a response: it is read while the client reads, and not for a client that has left."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast

import pytest
from starlette.types import Message
from uuid_utils.compat import uuid7

from app.files.views import FileView
from app.http.downloads import response
from app.http.downloads.ranges import ByteRange
from app.http.downloads.response import ClientTooSlow, ContentResponse
from app.http.state import RequestState
from app.kit.storage.store import ObjectStore
from tests.support.waiting import PATIENCE

CHUNKS = [b"a" * response._PIECE_BYTES * 2, b"b", b"c"]
CONTENT = b"".join(CHUNKS)
SCOPE = {"type": "http", "headers": []}


class Store:
    """Counts the chunks that are read."""

    def __init__(self, chunks: list[bytes] = CHUNKS) -> None:
        self._chunks = chunks
        self.read = 0

    async def stream(self, _key: str, _start: int, _end: int) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.read += 1
            yield chunk
            await asyncio.sleep(0)


def response_of(store: Store) -> ContentResponse:
    uid, size = uuid7(), len(CONTENT)
    file = FileView(
        1, uid, 1, uid, "a.csv", "text/csv", "objects/a", size, b"digest", "private", datetime(2026, 1, 1, tzinfo=UTC)
    )
    return ContentResponse(cast("ObjectStore", store), file, ByteRange(0, size), HTTPStatus.OK, {})


async def run(store: Store, send: Any, gone: asyncio.Event) -> None:
    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {**SCOPE, "state": {"request": RequestState()}}
    await asyncio.wait_for(response_of(store)(scope, receive, send), PATIENCE)


async def test_the_last_byte_ends_the_body() -> None:
    """A client that has it may disconnect at once, which must not look like an abort."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await run(Store(), send, asyncio.Event())
    start, *parts = sent
    assert start["type"] == "http.response.start"
    assert b"".join(part["body"] for part in parts) == CONTENT
    assert [part["more_body"] for part in parts] == [*[True] * (len(parts) - 1), False]
    assert max(len(part["body"]) for part in parts) == response._PIECE_BYTES


async def test_nothing_is_read_for_a_client_that_has_left() -> None:
    store, gone = Store(), asyncio.Event()

    async def send(_message: Message) -> None:
        gone.set()
        await asyncio.sleep(0)

    await run(store, send, gone)
    assert store.read < len(CHUNKS)


async def test_an_object_that_is_too_short_ends_its_response() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await run(Store(CHUNKS[:1]), send, asyncio.Event())
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_client_that_reads_too_slowly_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response, "_PIECE_SECONDS", 0.01)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    with pytest.raises(ClientTooSlow):
        await run(Store(), send, asyncio.Event())


def test_a_client_has_a_minute_for_each_piece() -> None:
    assert 60 <= response._PIECE_BYTES / 1000 == response._PIECE_SECONDS <= 70
