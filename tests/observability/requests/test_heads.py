"""What the outer layers add to a response, what they count of it, and which policy scripts of other origins get."""

from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.requests.context import CLIENT_GONE, FAILED, RequestContext, current, log_fields
from observability.requests.error_middleware import ErrorMiddleware
from observability.requests.middleware import RequestContextMiddleware
from observability.requests.routes import method, path_below_mount


class Listener:
    """Records the context of each request that ended."""

    def __init__(self, notable: bool = False) -> None:  # noqa: FBT001, FBT002 - a fixed decision
        self.ended: list[RequestContext] = []
        self.notable = notable

    def on_start(self, _scope: Scope, context: RequestContext) -> None:
        context.notable = lambda _status, seconds: self.notable and seconds >= 0

    def on_end(self, requests: Any) -> None:
        self.ended += [context for _, context in requests]


async def respond(
    *messages: Message, received: Message | None = None, listener: Listener | None = None, **scope: Any
) -> tuple[list[Message], RequestContext]:
    """Send these messages through the layer; return what arrives, and the finished context."""
    sent: list[Message] = []
    listener = listener or Listener()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        if received is not None:
            assert await receive() is received
        for message in messages:
            await send(message)

    async def receive() -> Any:
        return received

    async def send(message: Message) -> None:
        sent.append(message)

    facts = {"type": "http", "method": "GET", "path": "/api/v901/a", "root_path": "", "headers": [], **scope}
    await RequestContextMiddleware(app, mounts={"/api/v901": "v901"}, listeners=[listener])(facts, receive, send)
    return sent, listener.ended[0]


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


BODY = {"type": "http.response.body", "body": b"abc"}
MORE = {"type": "http.response.body", "body": b"de", "more_body": True}
GONE = {"type": "http.disconnect"}


def fields(message: Message) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in message["headers"]}


async def test_a_private_response_has_its_ids_and_its_own_caching() -> None:
    (head, body), context = await respond(start(201, (b"cache-control", b"private, no-cache"), (b"etag", b"1")), BODY)
    trace = f"00-{context.trace_id}-{context.span_id}-00"
    assert fields(head) == {
        "cache-control": "private, no-cache",
        "etag": "1",
        "x-content-type-options": "nosniff",
        "x-request-id": context.request_id,
        "traceresponse": trace,
        "server-timing": f'trace;desc="{trace}"',
    }
    assert (head["status"], body) == (201, BODY)
    assert (context.status, context.bytes_out, context.complete, context.response_started) == (201, 3, True, True)
    assert (context.method, context.route, context.duration > 0) == ("GET", "unmatched", True)


async def test_headers_of_an_earlier_response_are_replaced() -> None:
    ours = [b"x-request-id", b"traceresponse", b"server-timing", b"x-content-type-options"]
    (head, *_), context = await respond(start(200, *((name, b"old") for name in ours)), BODY)
    assert b"old" not in dict(head["headers"]).values()
    assert len(head["headers"]) == len(ours) + 1, "and Cache-Control"
    assert fields(head)["cache-control"] == "no-store"
    assert fields(head)["x-request-id"] == context.request_id


@pytest.mark.parametrize(("notable", "flag"), [(True, "01"), (False, "00")])
async def test_the_flag_of_the_trace_reports_the_final_decision(notable: bool, flag: str) -> None:  # noqa: FBT001 - the decision
    (head, *_), context = await respond(start(500), BODY, listener=Listener(notable))
    assert fields(head)["traceresponse"].endswith(f"-{flag}")
    assert context.sampled is notable


async def test_a_handshake_has_ids_and_no_rules_for_caches() -> None:
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "a"})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any: ...

    listener = Listener()
    layer = RequestContextMiddleware(app, mounts={}, listeners=[listener])
    await layer({"type": "websocket", "path": "/a", "headers": []}, receive, send)
    assert fields(sent[0]).keys() == {"x-request-id", "traceresponse", "server-timing"}
    assert sent[1] == {"type": "websocket.send", "text": "a"}
    assert listener.ended == [], "a connection is no request"


@pytest.mark.parametrize(
    ("messages", "received", "status", "bytes_out", "passed"),
    [
        ([start(), MORE, BODY], None, 200, 5, 3),
        ([start(), MORE], None, FAILED, 2, 2),
        ([start()], None, FAILED, 0, 1),
        ([], None, FAILED, 0, 0),
        ([start(), BODY], GONE, CLIENT_GONE, 0, 0),
        ([start(), {"type": "http.response.pathsend", "path": "/a"}], None, 200, 0, 2),
        ([start(), {"type": "http.response.body"}], None, 200, 0, 2),
        ([start(404), BODY], {"type": "http.request"}, 404, 3, 2),
    ],
)
async def test_the_status_is_that_of_the_whole_response(
    messages: list[Message], received: Message | None, status: int, bytes_out: int, passed: int
) -> None:
    sent, context = await respond(*messages, received=received)
    assert (context.status, context.bytes_out, len(sent)) == (status, bytes_out, passed)


async def test_a_disconnect_after_the_end_changes_nothing() -> None:
    listener = Listener()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(BODY)
        assert (await receive())["type"] == "http.disconnect"

    async def receive() -> Message:
        return GONE

    async def send(_message: Message) -> None: ...

    layer = RequestContextMiddleware(app, mounts={}, listeners=[listener])
    await layer({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert (listener.ended[0].status, listener.ended[0].disconnected) == (200, False)


async def test_listeners_start_in_order_and_end_in_reverse() -> None:
    order: list[str] = []

    class Named(Listener):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_start(self, scope: Scope, context: RequestContext) -> None:
            order.append(f"start {self.name} {scope['path']} {context.api_version}")

        def on_end(self, _requests: Any) -> None:
            order.append(f"end {self.name}")

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        order.append("app")

    async def nothing(*_: Any) -> Any: ...

    layer = RequestContextMiddleware(app, mounts={"/api/v901": "v901"}, listeners=[Named("a"), Named("b")])
    await layer({"type": "http", "method": "GET", "path": "/api/v901/x", "headers": []}, nothing, nothing)
    assert order == ["start a /api/v901/x v901", "start b /api/v901/x v901", "app", "end b", "end a"]


def test_fields_of_a_log_line_within_a_request() -> None:
    context = RequestContext("r", "t", "s", parent_span_id="p", api_version="v901")
    assert log_fields(context) == {"request_id": "r", "trace_id": "t", "span_id": "s", "api_version": "v901"}
    assert (context.parent_span_id, context.parent_sampled, context.sampled) == ("p", None, False)
    assert not context.notable(503, 99.0), "without tracing nothing is exported"
    assert not context.response_started
    assert current({"state": {"context": context}}) is context


STANDARD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")


@pytest.mark.parametrize("name", STANDARD)
def test_a_method_that_a_standard_defines_keeps_its_name(name: str) -> None:
    assert method({"method": name}) == name
    assert method({"method": name.lower()}) == method({"method": f"{name}S"}) == "OTHER"


def test_the_path_below_a_mount() -> None:
    assert path_below_mount({"path": "/behind/api/v901/a", "root_path": "/behind/api"}) == "/v901/a"
    assert path_below_mount({"path": "/a"}) == "/a"


async def test_an_unhandled_error_is_a_problem_document_with_the_ids() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    layers: ASGIApp = RequestContextMiddleware(ErrorMiddleware(fail), mounts={})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(layers), base_url="http://test") as client:
        response = await client.get("/")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert response.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "request_id": response.headers["X-Request-ID"],
        "trace_id": response.headers["traceresponse"].split("-")[1],
    }
