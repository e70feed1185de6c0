"""Ids of requests and responses."""

import asyncio
import re
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Message, Receive, Scope, Send

from observability.metrics.metrics import Metrics
from observability.requests.context import ACTIVE, RequestContext, current, set_consumer
from observability.requests.middleware import RequestContextMiddleware
from observability.requests.trace_context import format_traceparent, new_ids, parse_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACERESPONSE = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-00")


def traceresponse(response: httpx2.Response) -> tuple[str, str]:
    """Return the trace id and the span id of the response."""
    match = TRACERESPONSE.fullmatch(response.headers["traceresponse"])
    assert match is not None
    return match[1], match[2]


@pytest.mark.parametrize("text", ["a", "0-._Z", "x" * 128])
async def test_valid_request_id_is_used(client: httpx2.AsyncClient, text: str) -> None:
    response = await client.get("/api/v901/posts/1", headers={"X-Request-ID": text})
    assert response.headers.get_list("x-request-id") == [text]
    assert response.json()["request_id"] == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 129,
        "a b",
        "a\tb",
        'a"b',
        "a@b",
        "a/b",
        "ü".encode(),
        b"a\x00b",
        "sk_live_abcdef",
        "eyJhbGci.eyJzdWIi.sig",
    ],
)
async def test_invalid_request_id_is_replaced(client: httpx2.AsyncClient, text: str | bytes) -> None:
    value = text.encode() if isinstance(text, str) else text
    response = await client.get("/api/v901/posts/1", headers=[(b"X-Request-ID", value)])
    assert re.fullmatch("[0-9a-f]{12}7[0-9a-f]{19}", response.headers["x-request-id"])


async def test_two_request_ids_are_replaced(client: httpx2.AsyncClient) -> None:
    response = await client.get("/health", headers=[("X-Request-ID", "a"), ("X-Request-ID", "b")])
    assert response.headers["x-request-id"] not in {"a", "b"}


@pytest.mark.parametrize(
    "path", ["/health", "/nowhere", "/api/v901/nowhere", "/api/v2/posts/x", "/metrics", "/assets/x"]
)
async def test_every_response_has_the_ids(client: httpx2.AsyncClient, path: str) -> None:
    first, second = await client.get(path), await client.get(path)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert traceresponse(first) != traceresponse(second)


async def test_trace_is_continued_with_our_sampling_decision(client: httpx2.AsyncClient) -> None:
    response = await client.get("/health", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    trace_id, span_id = traceresponse(response)
    assert trace_id == TRACE
    assert span_id != SPAN


@pytest.mark.parametrize(
    "value",
    [
        "",
        "garbage",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-extra",
        f"00-{TRACE}-{SPAN}-01 ",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0g",
        f"01-{TRACE}-{SPAN}-01extra",
    ],
)
async def test_invalid_traceparent_starts_a_trace(client: httpx2.AsyncClient, value: str) -> None:
    trace_id, _ = traceresponse(await client.get("/health", headers={"traceparent": value}))
    assert trace_id != TRACE
    assert parse_traceparent(value.encode()) is None


async def test_two_traceparents_start_a_trace(client: httpx2.AsyncClient) -> None:
    value = f"00-{TRACE}-{SPAN}-01"
    response = await client.get("/health", headers=[("traceparent", value), ("traceparent", value)])
    assert traceresponse(response)[0] != TRACE


def test_later_traceparent_version_may_be_longer() -> None:
    assert parse_traceparent(f"01-{TRACE}-{SPAN}-01-what-comes".encode()) == (TRACE, SPAN, True)


HEXADECIMAL = "0123456789abcdef"
TRACEPARENTS = st.builds(
    "-".join,
    st.tuples(
        st.sampled_from(["00", "01", "ff", "0", "000"]),
        st.one_of(st.text(HEXADECIMAL, min_size=31, max_size=33), st.just("0" * 32), st.just(TRACE)),
        st.one_of(st.text(HEXADECIMAL, min_size=15, max_size=17), st.just("0" * 16), st.just(SPAN)),
        st.text(HEXADECIMAL, min_size=1, max_size=3),
    ),
)


@given(TRACEPARENTS)
def test_opentelemetry_accepts_the_same_traceparent(value: str) -> None:
    parsed = parse_traceparent(value.encode())
    extracted = TraceContextTextMapPropagator().extract({"traceparent": value})
    span = trace.get_current_span(extracted).get_span_context()
    ids = trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id)
    assert parsed == ((*ids, span.trace_flags.sampled) if span.is_valid else None)


def test_formatted_traceparent_is_parsed() -> None:
    trace_id, span_id = new_ids()
    assert parse_traceparent(format_traceparent(trace_id, span_id, sampled=True).encode()) == (trace_id, span_id, True)


async def run(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with the ids of another request, as a replay does."""
    headers = [(b"x-request-id", b"old"), (b"traceresponse", b"old"), (b"etag", b'"1"')]
    assert ACTIVE.get() is current(scope)
    await asyncio.sleep(0)
    set_consumer(scope, key=None, user=f"consumer of {current(scope).request_id}", tier="pro")
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": await body_of(receive)})


async def body_of(receive: Receive) -> bytes:
    """Return the body of one message."""
    body: bytes = (await receive()).get("body", b"")
    return body


def http_scope(**changes: Any) -> Scope:
    """Build a scope as servers do."""
    scope = {"type": "http", "method": "GET", "path": "/api/v901/x", "root_path": "", "headers": []}
    return {**scope, **changes}


async def nothing() -> Message:
    """An empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def test_replayed_ids_are_replaced() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    layer = RequestContextMiddleware(run, mounts={})
    await layer(http_scope(headers=[(b"x-request-id", b"new")]), nothing, send)
    head = dict(sent[0]["headers"])
    assert head[b"x-request-id"] == b"new"
    assert head.keys() == {
        *(b"cache-control", b"etag", b"server-timing", b"traceresponse", b"x-request-id", b"x-content-type-options"),
    }
    assert head[b"cache-control"] == b"no-store", "the default of a response that says nothing"
    assert len(head) == len(sent[0]["headers"])
    assert ACTIVE.get() is None


async def test_concurrent_requests_have_separate_contexts() -> None:
    state = {"shared": 1}
    scopes = [http_scope(headers=[(b"x-request-id", str(n).encode())], state=state) for n in range(50)]

    async def send(_message: Message) -> None:
        await asyncio.sleep(0)

    layer = RequestContextMiddleware(run, mounts={})
    await asyncio.gather(*(layer(scope, nothing, send) for scope in scopes))
    assert [current(scope).consumer for scope in scopes] == [f"consumer of {n}" for n in range(50)]
    assert state == {"shared": 1}
    assert scopes[0]["state"]["shared"] == 1


@pytest.mark.parametrize(
    ("path", "root_path", "expected"),
    [
        ("/api/v901/x", "", "v901"),
        ("/api/v901", "", "v901"),
        ("/api/v10/x", "", None),
        ("/api/v9010/x", "", None),
        ("/x/api/v901/y", "", None),
        ("/behind/api/v901/x", "/behind", "v901"),
        ("/", "", None),
    ],
)
async def test_version_is_that_of_the_mount(path: str, root_path: str, expected: str | None) -> None:
    seen: list[RequestContext] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(current(scope))

    async def send(_message: Message) -> None:
        raise AssertionError

    layer = RequestContextMiddleware(app, mounts={"/api/v901": "v901"})
    await layer(http_scope(path=path, root_path=root_path), nothing, send)
    assert seen[0].api_version == expected


def test_without_the_middleware_there_is_no_context() -> None:
    with pytest.raises(LookupError, match="RequestContextMiddleware"):
        current({"type": "http"})


async def test_websocket_has_a_context_and_lifespan_has_none(sample: tuple[FastAPI, Metrics]) -> None:
    app, _ = sample
    sent: list[Message] = []
    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = http_scope(type="websocket", path="/api/v901/live", headers=[(b"x-request-id", b"ws")], query_string=b"")
    await app(scope, receive, send)
    assert (b"x-request-id", b"ws") in sent[0]["headers"]
    assert sent[1]["text"] == current(scope).trace_id

    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent.clear()
    await app({"type": "lifespan", "state": {}}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_response_for_shared_caches_has_no_ids() -> None:
    sent: list[Message] = []

    async def public(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"public, max-age=5")]}
        )
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestContextMiddleware(public, mounts={})(http_scope(), nothing, send)
    assert sent[0]["headers"] == [(b"cache-control", b"public, max-age=5"), (b"x-content-type-options", b"nosniff")]
