"""Limits on heads, bodies and requests in progress accept exactly what they state, and reject one more."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.http.middleware.load_shedding import Capacity
from app.http.middleware.single_fields import SINGLE_VALUED, RepeatedHeader, ensure_single_fields
from app.http.middleware.size_limits import (
    BodyLimits,
    BodyTooLarge,
    HeadersTooLarge,
    HeadLimits,
    RequestSizeLimitMiddleware,
)
from app.kit.deadline import Deadline, DeadlineExceeded
from observability.metrics.requests import _announces_body
from tests.support.admission import PREFIX, REJECTED, admitting
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.dialects.dialect import Dialect
from tests.support.waiting import PATIENCE

LIMITS = HeadLimits(target=100, headers=1000, fields=10)
BODY = BodyLimits(size=100, timeout=60, rate=0)
Headers = list[tuple[bytes, bytes]]


def head(headers: Headers, path: str = "/", query: bytes = b"") -> Scope:
    return {"type": "http", "headers": headers, "path": path, "query_string": query, "http_version": "1.1", "state": {}}


def fields(number: int) -> Headers:
    return [(b"x-%d" % position, b"") for position in range(number)]


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (head(fields(10)), head(fields(11))),
        # Each field takes its name, its value, a colon, a space and a line end.
        (head([(b"a" * 10, b"b" * 986)]), head([(b"a" * 10, b"b" * 987)])),
        (head([(b"a", b"b" * 495)] * 2), head([(b"a", b"b" * 495), (b"a", b"b" * 496)])),
        (head([], "/" + "a" * 99), head([], "/" + "a" * 100)),
        (head([], "/", b"a" * 99), head([], "/", b"a" * 100)),
    ],
)
def test_a_head_is_accepted_up_to_each_limit(within: Scope, beyond: Scope) -> None:
    assert LIMITS.ensure_within(within) == 0
    with pytest.raises(HeadersTooLarge):
        LIMITS.ensure_within(beyond)


async def read(chunks: list[bytes], headers: Headers) -> int:
    """The number of bytes that an application behind the middleware reads."""
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    ]
    received = 0

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal received
        more = True
        while more:
            message = await receive()
            received += len(message["body"])
            more = message["more_body"]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(_message: Message) -> None:
        raise AssertionError

    await RequestSizeLimitMiddleware(application, head=LIMITS, body=BODY)(head(headers), receive, send)
    return received


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"100")]])
@pytest.mark.parametrize("chunks", [[b"a" * 100], [b"a" * 60, b"a" * 40, b""]])
async def test_a_body_is_accepted_up_to_its_limit(chunks: list[bytes], headers: Headers) -> None:
    assert await read(chunks, headers) == 100


@pytest.mark.parametrize("chunks", [[b"a" * 101], [b"a" * 100, b"a"]])
async def test_a_body_beyond_its_limit_is_rejected(chunks: list[bytes]) -> None:
    with pytest.raises(BodyTooLarge):
        await read(chunks, [])
    with pytest.raises(BodyTooLarge):
        await read([b""], [(b"content-length", b"101")])


async def test_the_deadline_runs_again_after_the_body() -> None:
    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        await asyncio.sleep(60)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        raise AssertionError

    async def serve() -> None:
        with Deadline(0.1):
            await RequestSizeLimitMiddleware(application, head=LIMITS, body=BODY)(head([]), receive, send)

    with pytest.raises(DeadlineExceeded):
        await asyncio.wait_for(serve(), PATIENCE)


@pytest.mark.parametrize("name", sorted(SINGLE_VALUED))
def test_each_field_with_one_value_may_appear_once(name: bytes) -> None:
    once: Headers = [(b"host", b"strata.test")] if name != b"host" else []
    ensure_single_fields(head([*once, (name, b"1"), (b"accept", b"a"), (b"accept", b"b")]))
    with pytest.raises(RepeatedHeader):
        # Equal values, too: a proxy and Strata could frame the body differently.
        ensure_single_fields(head([*once, (name, b"1"), (name, b"1")]))


def test_the_fields_with_one_value() -> None:
    """Those that frame a request, authenticate its caller or are evaluated: a proxy could use another one of two."""
    texts = (
        "authorization content-length content-location content-range content-type date from host idempotency-key "
        "if-modified-since if-range if-unmodified-since last-event-id max-forwards origin proxy-authorization range "
        "referer traceparent user-agent x-api-key x-request-id"
    )
    assert {name.decode() for name in SINGLE_VALUED} == set(texts.split())


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
async def test_two_lengths_of_a_body_are_400_in_every_version(test_app: TestApp, dialect: Dialect) -> None:
    headers = [("Content-Length", "2"), ("Content-Length", "2"), ("Content-Type", "application/json")]
    async with test_app.client() as client:
        response = await client.post(dialect.verify("", "").url, content=b"{}", headers=headers)
    assert response.status_code == 400, response.text
    assert "content-length" in response.text


@pytest.mark.parametrize(
    ("lengths", "counted"), [([], False), ([b"2"], True), ([b"2", b"2"], False), ([b"x"], False), ([b"9" * 16], False)]
)
def test_the_size_of_a_body_is_counted_if_it_has_one_length(lengths: list[bytes], *, counted: bool) -> None:
    assert _announces_body(head([(b"content-length", length) for length in lengths])) is counted


async def test_a_process_serves_as_many_requests_as_its_capacity(test_app: TestApp) -> None:
    capacity = test_app.runtime.get(Capacity)
    started, finish = [], asyncio.Event()

    async def application(_scope: Scope, _receive: Receive, _send: Send) -> None:
        started.append(1)
        await finish.wait()
        raise ValueError

    middleware, sent = admitting(application), []

    def scope() -> Any:
        return {"type": "http", "path": f"{PREFIX}/a", "root_path": "", "state": dict(test_app.runtime.state())}

    async def never() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    before, capacity.limit = capacity.limit, capacity.in_use + 2
    try:
        tasks = [asyncio.create_task(middleware(scope(), never, send)) for _ in range(2)]
        await asyncio.sleep(0)
        await middleware(scope(), never, send)
        assert sent == [REJECTED]
        finish.set()
        assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [ValueError] * 2
        # A request that failed occupies no capacity either.
        with pytest.raises(ValueError, match=r"^$"):
            await middleware(scope(), never, send)
    finally:
        capacity.limit = before
    assert (len(started), capacity.in_use) == (3, 0)
