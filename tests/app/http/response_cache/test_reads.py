"""Which responses are stored, and that a failed, cancelled or outdated read serves nobody else."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from app.http.response_cache.memory import MemoryCache
from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.port import LARGEST, CachedResponse, Lookup
from app.http.response_cache.reads import CachedReads, cache_tags, key_of
from app.http.state import state_of
from observability.metrics.metrics import Metrics
from observability.requests.context import KEY, RequestContext
from tests.support.response_cache import reading
from tests.support.waiting import PATIENCE

TAGS = ("post",)
TTL = 5.0
HIT, STORED, MISS, COLLAPSED = (
    *("strata; hit; ttl=5", "strata; fwd=miss; stored"),
    *("strata; fwd=miss", "strata; fwd=miss; collapsed"),
)


def request(query: str = "", headers: Mapping[str, str] | None = None, path: str = "/api/v9/posts") -> Request:
    context = RequestContext("1", "2", "3", parent_span_id=None, api_version="v9")
    fields = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": fields}
    return Request({**scope, "state": {KEY: context}})


class Reads:
    """Counts the reads behind the cache; ``release`` lets those that wait end with ``response``."""

    def __init__(self, metrics: Metrics) -> None:
        self.now = 100.0
        self.cache = MemoryCache(TTL, 50_000_000, metrics.group(CacheMetrics), lambda: self.now)
        self.reads = CachedReads(self.cache, TTL, metrics.group(CacheMetrics))
        self.count = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def read(self) -> Response:
        self.count += 1
        number = self.count
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return JSONResponse({"read": number})

    async def get(self, query: str = "", **headers: str) -> Response:
        return await self.reads.respond(request(query, headers), TAGS, self.read)

    def start(self) -> "asyncio.Task[Response]":
        return asyncio.create_task(self.get())


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def reads(metrics: Metrics) -> Reads:
    return Reads(metrics)


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the next turns of the loop make it true
            await asyncio.sleep(0)


def status(response: Response) -> str:
    return response.headers["Cache-Status"]


async def test_a_hit_repeats_the_response_with_its_age(reads: Reads, metrics: Metrics) -> None:
    first = await reads.get()
    assert (status(first), "Age" in first.headers) == (STORED, False)
    reads.now += 2.5
    second = await reads.get()
    assert (second.body, second.status_code) == (first.body, 200)
    assert dict(second.headers) == {**first.headers, "age": "2", "cache-status": "strata; hit; ttl=3"}
    reads.now += 2.5
    assert status(await reads.get()) == STORED
    assert reads.count == 2
    assert [reading(metrics, "lookups_total", api_version="v9", outcome=one) for one in ("hit", "miss")] == [1, 2]


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        ("a=1&b=2", "b=2&a=1", True),
        ("q=%61", "q=a", True),
        ("q=a+b", "q=a%20b", True),
        ("sort=a&sort=b", "sort=b&sort=a", False),
        ("a=1&b=2", "a=1%26b=2", False),
        ("a=", "", False),
        ("a=1", "a=2", False),
    ],
)
async def test_queries_have_one_form(reads: Reads, first: str, second: str, *, equal: bool) -> None:
    await reads.get(first)
    assert status(await reads.get(second)) == (HIT if equal else STORED)


def test_the_path_is_part_of_the_key() -> None:
    assert key_of(request()) != key_of(request(path="/api/v8/posts"))


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key", "Cookie", "cookie"])
async def test_requests_with_credentials_never_use_the_cache(reads: Reads, metrics: Metrics, name: str) -> None:
    await reads.get()
    for _ in range(2):
        response = await reads.get(**{name: "anything"})
        assert "Cache-Status" not in response.headers
    assert reads.count == 3
    assert status(await reads.get()) == HIT
    assert reading(metrics, "lookups_total") == 2


async def test_a_request_without_a_body_never_uses_the_cache(reads: Reads) -> None:
    head = request()
    state_of(head.scope).without_body = True
    assert "Cache-Status" not in (await reads.reads.respond(head, TAGS, reads.read)).headers
    assert status(await reads.get()) == STORED


@pytest.mark.parametrize(
    "response",
    [
        Response(status_code=404),
        Response(status_code=304),
        Response(status_code=206),
        StreamingResponse(iter(())),
        FileResponse(__file__),
        Response(background=BackgroundTask(print)),
        Response(headers={"Set-Cookie": "a=b"}),
        Response(headers={"Vary": "Accept"}),
        Response(headers={"Cache-Control": "no-store"}),
        Response(b"x" * (LARGEST + 1)),
    ],
    ids=lambda response: f"{response.status_code} {dict(response.headers)}"[:60],
)
async def test_what_must_not_be_stored_is_not_shared_either(reads: Reads, response: Response) -> None:
    async def read() -> Response:
        reads.count += 1
        await asyncio.sleep(0)
        return response

    found = await asyncio.gather(*(reads.reads.respond(request(), TAGS, read) for _ in range(3)))
    assert (found, reads.count) == ([response] * 3, 3)
    assert response.headers.getlist("Cache-Status") == [MISS] * 3


async def test_a_response_of_the_largest_size_is_stored(reads: Reads) -> None:
    assert LARGEST == 1024 * 1024

    async def read() -> Response:
        response = Response(b"x" * LARGEST)
        headers = sum(len(name) + len(value) for name, value in response.raw_headers)
        response.body = response.body[headers:]
        return response

    assert [status(await reads.reads.respond(request(), TAGS, read)) for _ in range(2)] == [STORED, HIT]


async def test_equal_requests_at_once_are_read_once(reads: Reads, metrics: Metrics) -> None:
    reads.gate.clear()
    tasks = [reads.start() for _ in range(16)]
    await until(lambda: reads.count)
    reads.gate.set()
    found = await asyncio.gather(*tasks)
    assert (reads.count, {response.body for response in found}) == (1, {b'{"read":1}'})
    assert [status(response) for response in found] == [STORED, *[COLLAPSED] * 15]
    assert reading(metrics, "lookups_total", outcome="collapsed") == 15
    assert not any("Age" in response.headers for response in found)
    assert reads.reads._running == {}


async def test_a_cancelled_read_is_replaced_by_one_other(reads: Reads) -> None:
    reads.gate.clear()
    first, *others = [reads.start() for _ in range(4)]
    await until(lambda: reads.count)
    first.cancel()
    await until(lambda: reads.count == 2)
    reads.gate.set()
    found = await asyncio.gather(*others)
    assert {response.body for response in found} == {b'{"read":2}'}
    assert sorted(status(response) for response in found) == sorted([STORED, COLLAPSED, COLLAPSED])
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_cancelled_request_that_waits_cancels_nobody(reads: Reads) -> None:
    reads.gate.clear()
    first, second, third = [reads.start() for _ in range(3)]
    await until(lambda: reads.count)
    second.cancel()
    await until(second.done)
    reads.gate.set()
    assert [status(response) for response in await asyncio.gather(first, third)] == [STORED, COLLAPSED]


async def test_a_failed_read_fails_for_its_request_alone(reads: Reads) -> None:
    reads.gate.clear()
    reads.failure = ZeroDivisionError()
    tasks = [reads.start() for _ in range(3)]
    await until(lambda: reads.count)
    reads.gate.set()
    with pytest.raises(ZeroDivisionError):
        await tasks[0]
    reads.failure = None
    assert [status(response) for response in await asyncio.gather(*tasks[1:])] == [MISS, MISS]
    assert reads.count == 3
    assert status(await reads.get()) == STORED


async def test_a_request_after_an_invalidation_does_not_wait_for_an_older_read(reads: Reads) -> None:
    reads.gate.clear()
    before = reads.start()
    await until(lambda: reads.count)
    await reads.cache.invalidate(TAGS)
    after = [reads.start() for _ in range(2)]
    await until(lambda: reads.count == 2)
    reads.gate.set()
    old, *new = await asyncio.gather(before, *after)
    assert (old.body, {response.body for response in new}) == (b'{"read":1}', {b'{"read":2}'})
    assert (await reads.get()).body == b'{"read":2}'


async def test_a_response_with_an_entity_tag_answers_conditional_requests(reads: Reads) -> None:
    async def read() -> Response:
        reads.count += 1
        return JSONResponse({}, headers={"ETag": '"tag"', "Link": "<a>"})

    async def get(**headers: str) -> Response:
        return await reads.reads.respond(request(headers=headers), TAGS, read)

    assert status(await get(**{"If-None-Match": '"tag"'})) == MISS
    assert status(await get()) == STORED
    fresh = await get(**{"If-None-Match": '"tag"'})
    assert (fresh.status_code, fresh.body, fresh.headers["ETag"]) == (304, b"", '"tag"')
    assert (fresh.headers["Age"], status(fresh)) == ("0", HIT)
    assert (await get(**{"If-None-Match": '"other"'})).status_code == 200
    assert reads.count == 2


@pytest.mark.parametrize("name", ["If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since", "Range"])
async def test_the_response_to_a_condition_is_not_stored(reads: Reads, name: str) -> None:
    assert status(await reads.get(**{name: "anything"})) == MISS
    assert status(await reads.get()) == STORED


async def test_while_the_cache_does_not_reply_equal_requests_are_still_read_once(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Lookup:
        return Lookup(None)

    async def put(*_: object) -> bool:
        pytest.fail("nothing can be stored")

    monkeypatch.setattr(reads.cache, "get", fail)
    monkeypatch.setattr(reads.cache, "put", put)
    reads.gate.clear()
    tasks = [reads.start() for _ in range(3)]
    await until(lambda: reads.count)
    reads.gate.set()
    assert [status(response) for response in await asyncio.gather(*tasks)] == [MISS, COLLAPSED, COLLAPSED]
    assert reads.count == 1


async def test_a_cache_without_room_stores_nothing(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(_key: bytes, _response: CachedResponse, _mark: object) -> bool:
        return False

    monkeypatch.setattr(reads.cache, "put", put)
    assert [status(await reads.get()) for _ in range(2)] == [MISS, MISS]


def test_an_operation_without_tags_is_not_cached() -> None:
    assert cache_tags(None) == cache_tags({}) == ()
    assert cache_tags({"x-cache-tags": ["post", "user"]}) == ("post", "user")
