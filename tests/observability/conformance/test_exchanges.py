"""A sampled exchange is recorded as it is transmitted, and only if it can be checked."""

from typing import Any

import pytest

from observability.conformance.exchange import Exchange
from observability.conformance.middleware import ConformanceMiddleware
from observability.requests.context import RequestContext


async def sampled(
    checker: Any, messages: list[dict[str, Any]], received: list[dict[str, Any]], **facts: Any
) -> RequestContext:
    """Run one sampled request of these messages; ``facts`` are those of its context."""
    context = RequestContext("r", "t", "s", parent_span_id=None, api_version="v9")
    context.complete, context.route = True, "/api/v9/items/{item}"
    for name, value in facts.items():
        setattr(context, name, value)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/behind/api/v9/items/7",
        "root_path": "/behind",
        "query_string": b"a=b",
        "headers": [(b"x-a", b"1")],
        "state": {"context": context},
    }
    arriving, passed = iter(received), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in received:
            assert await receive() is message, "a client's messages are passed on unchanged"
        scope["root_path"] = "/behind/api/v9"
        for message in messages:
            await send(message)

    async def receive() -> Any:
        return next(arriving)

    async def send(message: Any) -> None:
        passed.append(message)

    await ConformanceMiddleware(app, checker=checker, chosen=lambda: True)(scope, receive, send)
    assert passed == messages
    return context


class Taking:
    """A checker that records what it gets."""

    versions = ("v9",)
    body_bytes = 4

    def __init__(self) -> None:
        self.submitted: list[Exchange] = []
        self.drops: list[str] = []

    def submit(self, exchange: Exchange) -> None:
        self.submitted.append(exchange)

    def drop(self, reason: str) -> None:
        self.drops.append(reason)


START = {"type": "http.response.start", "status": 201, "headers": [(b"x-b", b"2")]}
STREAM = {**START, "status": 200, "headers": [(b"x-b", b"2"), (b"content-type", b"text/event-stream; charset=utf-8")]}
BODY = {"type": "http.response.body", "body": b"ab", "more_body": True}
LAST = {"type": "http.response.body", "body": b"cd"}
REQUEST = {"type": "http.request", "body": b"12", "more_body": True}
LAST_REQUEST = {"type": "http.request", "body": b"34"}


async def test_an_exchange_is_recorded_as_transmitted() -> None:
    taking = Taking()
    await sampled(taking, [START, BODY, LAST], [REQUEST, LAST_REQUEST, {"type": "http.disconnect"}])
    assert taking.submitted == [
        Exchange(
            version="v9",
            route="/api/v9/items/{item}",
            method="GET",
            path="/api/v9/items/7",
            query=b"a=b",
            status=201,
            request_headers=[(b"x-a", b"1")],
            request_body=[b"12", b"34"],
            response_headers=((b"x-b", b"2"),),
            response_body=[b"ab", b"cd"],
            request_id="r",
            trace_id="t",
            span_id="s",
        )
    ]


@pytest.mark.parametrize(
    ("messages", "received", "request_body", "response_body"),
    [
        ([START, LAST], [REQUEST], None, [b"cd"]),
        ([START, LAST], [], None, [b"cd"]),
        ([START, {"type": "http.response.pathsend", "path": "/a"}], [LAST_REQUEST], [b"34"], None),
        ([{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}], [LAST_REQUEST], [b"34"], []),
    ],
)
async def test_a_body_that_is_not_known_is_not_checked(
    messages: list[Any], received: list[Any], request_body: Any, response_body: Any
) -> None:
    taking = Taking()
    await sampled(taking, messages, received)
    (found,) = taking.submitted
    assert (found.request_body, found.response_body) == (request_body, response_body)


@pytest.mark.parametrize(
    ("messages", "received", "facts", "drops"),
    [
        ([START, BODY, BODY, LAST], [], {}, ["too_large"]),
        ([START, LAST], [REQUEST, REQUEST, LAST_REQUEST], {}, ["too_large"]),
        ([START, LAST], [], {"api_version": "v8"}, []),
        ([START, LAST], [], {"api_version": None}, []),
        ([START, LAST], [], {"complete": False}, []),
        ([START, LAST], [], {"route": "unmatched"}, []),
        # A stream stays open for an hour: it is neither kept nor checked, however long it is.
        ([STREAM, BODY, LAST], [], {}, []),
        ([STREAM, BODY, BODY, LAST], [], {}, []),
    ],
)
async def test_an_exchange_without_a_contract_or_an_end_is_not_checked(
    messages: list[Any], received: list[Any], facts: dict[str, Any], drops: list[str]
) -> None:
    taking = Taking()
    await sampled(taking, messages, received, **facts)
    assert (taking.submitted, taking.drops) == ([], drops)
