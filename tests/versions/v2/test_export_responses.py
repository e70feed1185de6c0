"""Exports of v2: rows, formats, codings, errors before and after the first row, and clients that leave."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
import zstandard
from sqlalchemy import text
from starlette.types import Message

from app.errors import Unavailable
from app.http.transfers import TransferCapacity
from app.kit.db.copies import CopiesBusy
from tests.support.app import TestApp
from tests.support.exports import fill
from tests.support.limits import FREE
from tests.support.waiting import eventually

POSTS = "/api/v2/exports/posts"
ACTIVE = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'strata export' AND state = 'active'"
)
MANY = 30_000
"""Rows of 20 MB, which no buffer holds."""


async def get(test_app: TestApp, path: str, headers: Mapping[str, str], method: str = "GET") -> httpx2.Response:
    async with test_app.client() as client:
        return await client.request(method, path, headers=dict(headers))


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        (POSTS, "*/*", "text/csv; charset=utf-8; header=present"),
        (POSTS, "application/json", "application/json"),
        (POSTS, "application/x-ndjson", "application/x-ndjson"),
        (f"{POSTS}?format=ndjson", "text/html", "application/x-ndjson"),
    ],
)
async def test_the_format_is_negotiated(test_app: TestApp, path: str, accept: str, media_type: str) -> None:
    author = await fill(test_app, 3)
    response = await get(test_app, path, {**author.headers, "Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)
    suffix = {"text": "csv", "appl": "json"}[media_type[:4]] if "ndjson" not in media_type else "ndjson"
    assert response.headers["content-disposition"] == f'attachment; filename="posts.{suffix}"'
    assert response.headers["cache-control"] == "no-store"
    assert "Accept, Accept-Encoding" in response.headers.get_list("vary")
    assert not {"etag", "content-length"} & response.headers.keys()


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (POSTS, {"Accept": "text/html"}, 406, "not_acceptable"),
        (POSTS, {"Accept-Encoding": "br, identity;q=0"}, 406, "content_coding_not_acceptable"),
        (f"{POSTS}?trailer=true", {}, 400, "trailer_not_supported"),
        (f"{POSTS}?format=xml", {}, 422, "validation_failed"),
        (f"{POSTS}?limit=5", {}, 400, "unknown_parameter"),
    ],
)
async def test_what_cannot_be_served_is_a_problem(
    test_app: TestApp, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    author = await test_app.person("author@example.com")
    response = await get(test_app, path, {**author.headers, **headers})
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("coding", "decompress"),
    [
        ("gzip", gzip.decompress),
        ("zstd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
        ("identity", bytes),
    ],
)
async def test_the_coding_is_negotiated(test_app: TestApp, coding: str, decompress: Callable[[bytes], bytes]) -> None:
    author = await fill(test_app, 5000)
    sent = await run(test_app, POSTS, {**author.headers, "Accept-Encoding": coding}, asyncio.Event(), reads=True)
    headers = dict(sent[0]["headers"])
    raw = b"".join(message["body"] for message in sent[1:])
    assert headers.get(b"content-encoding", b"identity").decode() == coding
    assert decompress(raw).count(b"\n") == 5001


async def test_a_trailer_counts_the_rows(test_app: TestApp) -> None:
    author = await fill(test_app, 1000)
    body = (await get(test_app, f"{POSTS}?format=ndjson&trailer=true", author.headers)).content
    assert body.splitlines()[1000:] == [b'{"_end":{"rows":1000}}']
    assert 0 <= len(body) - counted(test_app, "export_bytes_total", resource="posts") < 40, "those of all parts"
    body = (await get(test_app, f"{POSTS}?format=ndjson&trailer=false", author.headers)).content
    assert len(body.splitlines()) == 1000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{POSTS}?format=json", b'{"data":[]}\n'),
        (f"{POSTS}?format=ndjson", b""),
    ],
)
async def test_no_rows_are_a_document(test_app: TestApp, path: str, body: bytes) -> None:
    author = await test_app.person("author@example.com")
    assert (await get(test_app, path, author.headers)).content == body


async def test_a_head_has_no_body_and_no_query(test_app: TestApp) -> None:
    author = await test_app.person("author@example.com")
    response = await get(test_app, POSTS, author.headers, "HEAD")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"].startswith("text/csv")


def counted(test_app: TestApp, name: str, **labels: str) -> float:
    return test_app.runtime.metrics.registry.get_sample_value(name, labels) or 0


async def test_complete_exports_are_counted(test_app: TestApp) -> None:
    assert counted(test_app, "exports_total", resource="users", outcome="complete") == 0
    author = await fill(test_app, 10)
    size = 0
    for form in ("csv", "ndjson", "json"):
        size += len((await get(test_app, f"{POSTS}?format={form}", author.headers)).content)
    assert counted(test_app, "exports_total", resource="posts", outcome="complete") == 3
    assert counted(test_app, "export_rows_total", resource="posts") == 30
    assert 0 <= size - counted(test_app, "export_bytes_total", resource="posts") < 10
    assert counted(test_app, "exports_open") == 0


class BrokenCopies:
    """Yields some chunks, then raises."""

    def __init__(self, error: Exception, *chunks: bytes) -> None:
        self._error = error
        self._chunks = chunks

    @asynccontextmanager
    async def copy(self, *_: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            for chunk in self._chunks:
                yield chunk
            raise self._error

        yield chunks()


async def test_an_error_before_the_first_row_is_a_response(test_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    author = await test_app.person("author@example.com")
    monkeypatch.setattr(test_app.runtime.database, "copies", BrokenCopies(CopiesBusy()))
    for path in (POSTS, f"{POSTS}?format=json"):
        response = await get(test_app, path, author.headers)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 5
    assert (await get(test_app, POSTS, author.headers)).json()["code"] == "exports_busy"
    assert counted(test_app, "exports_total", resource="posts", outcome="rejected") == 3


async def run(
    test_app: TestApp,
    path: str,
    headers: dict[str, str],
    gone: asyncio.Event,
    *,
    reads: bool = False,
    sent: list[Message] | None = None,
) -> list[Message]:
    """What the application sends to a client that leaves when ``gone`` is set; it reads one part, or all."""
    sent = [] if sent is None else sent
    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in {"Host": "x", **headers}.items()],
        "client": ("192.0.2.1", 40000),
        "server": ("strata.test", 80),
    }

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 1 and not reads:
            # A client that reads no further.
            await gone.wait()
            await asyncio.sleep(3600)

    await test_app.app(scope, receive, send)
    return sent


async def test_an_error_after_the_first_row_cuts_the_body(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    author = await test_app.person("author@example.com")
    monkeypatch.setattr(test_app.runtime.database, "copies", BrokenCopies(Unavailable(), b"id\n"))
    sent = await run(test_app, POSTS, author.headers, asyncio.Event(), reads=True)
    assert [message.get("more_body") for message in sent] == [None, True]
    lines = [line for line in capsys.readouterr().out.splitlines() if '"export_cut"' in line]
    assert len(lines) == 1
    assert '"error":"unavailable"' in lines[0]
    assert counted(test_app, "exports_total", resource="posts", outcome="cut") == 1


async def test_a_defect_after_the_first_row_cuts_the_body(test_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    author = await test_app.person("author@example.com")
    monkeypatch.setattr(test_app.runtime.database, "copies", BrokenCopies(ZeroDivisionError(), b"id\n"))
    with pytest.raises(ZeroDivisionError):
        await run(test_app, POSTS, author.headers, asyncio.Event(), reads=True)


async def test_a_client_that_leaves_ends_the_query(concurrent_app: TestApp, admin_dsn: str) -> None:
    author = await fill(concurrent_app, MANY)
    async with concurrent_app.runtime.database.write() as session:
        database = await session.scalar(text("SELECT current_database()"))
    server = await asyncpg.connect(admin_dsn, database=database)
    gone = asyncio.Event()
    sent: list[Message] = []
    task = asyncio.create_task(run(concurrent_app, POSTS, author.headers, gone, sent=sent))

    async def has_begun() -> bool:
        return len(sent) > 1

    await eventually(has_begun)
    assert await server.fetchval(ACTIVE) == 1
    assert counted(concurrent_app, "exports_open") == 1
    capacity = concurrent_app.runtime.get(TransferCapacity)
    assert capacity.in_use == 1
    gone.set()
    await task
    assert [message["type"] for message in sent[:2]] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"], "the client must not take a part for the whole"

    async def is_over() -> bool:
        return not await server.fetchval(ACTIVE)

    await eventually(is_over)
    assert capacity.in_use == 0
    assert counted(concurrent_app, "exports_total", resource="posts", outcome="abandoned") == 1
    assert counted(concurrent_app, "exports_open") == 0
    await server.close()


class Discarded(list[Message]):
    """Counts the bytes of a response, and keeps none."""

    size = 0

    def append(self, message: Message) -> None:
        self.size += len(message.get("body", b""))


async def test_memory_does_not_grow_with_the_rows(concurrent_app: TestApp) -> None:
    author = await fill(concurrent_app, MANY)
    discarded = Discarded()
    tracemalloc.start()
    try:
        await run(concurrent_app, f"{POSTS}?format=json", author.headers, asyncio.Event(), reads=True, sent=discarded)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 24_000_000 < discarded.size <= counted(concurrent_app, "export_bytes_total", resource="posts") + 10
    assert peak < 12_000_000


async def test_the_plan_limits_exports(concurrent_app: TestApp) -> None:
    author, other = await fill(concurrent_app, MANY), await concurrent_app.person("other@example.com")
    gone = asyncio.Event()
    sent: list[Message] = []
    running = asyncio.create_task(run(concurrent_app, POSTS, author.headers, gone, sent=sent))

    async def has_begun() -> bool:
        return len(sent) > 1

    await eventually(has_begun)
    assert FREE.caps.exports == 1
    second = await get(concurrent_app, POSTS, author.headers)
    assert (second.status_code, second.json()["code"]) == (429, "too_many_exports")
    assert int(second.headers["retry-after"]) >= 5
    assert second.json()["violated-policies"] == ["exports"]
    theirs = await get(concurrent_app, f"{POSTS}?format=ndjson", {**other.headers, "Accept-Encoding": "zstd"})
    assert theirs.status_code == 200, "exports of others do not count"
    gone.set()
    await running
    assert (await get(concurrent_app, POSTS, {**author.headers, "Accept-Encoding": "zstd"})).status_code == 200
