"""One line per request and one traceback per failure, regardless of the response."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.config import CorsPolicy, ObservabilityConfig
from observability.install import middleware
from observability.metrics.metrics import Metrics

Lines = Callable[[], list[dict[str, Any]]]
FIELDS = {
    *("event", "request_id", "trace_id", "span_id", "api_version", "http_route", "method", "status", "duration_ms"),
    *("consumer", "bytes_out", "level", "timestamp", "client_network", "key", "user", "plan"),
    *("db_ms", "db_statements", "release"),
}


async def test_line_has_the_request_and_the_client(client: httpx2.AsyncClient, lines: Lines) -> None:
    response = await client.get("/api/v2/blog/posts/7?token=planted", headers={"X-Request-ID": "mine"})
    (line,) = lines()
    assert set(line) == FIELDS
    assert line["event"] == "request"
    assert line["request_id"] == "mine"
    assert line["trace_id"] in response.headers["traceresponse"]
    assert line["span_id"] in response.headers["traceresponse"]
    assert (line["api_version"], line["http_route"]) == ("v2", "/api/v2/blog/posts/{post_id}")
    assert (line["method"], line["status"], line["consumer"]) == ("GET", 200, "key_1")
    assert line["bytes_out"] == len(response.content)
    assert 0 < line["duration_ms"] < 10_000
    assert line["timestamp"].endswith("Z")


async def test_raw_paths_and_methods_are_not_logged(client: httpx2.AsyncClient, lines: Lines) -> None:
    await client.request("PLANTED", "/api/v901/planted-path?planted=query", headers={"X-Planted": "planted-header"})
    (line,) = lines()
    assert "planted" not in repr(line).lower()
    assert (line["http_route"], line["method"], line["status"]) == ("unmatched", "OTHER", 404)


async def test_quiet_paths_are_logged_if_they_fail(client: httpx2.AsyncClient, lines: Lines) -> None:
    await client.get("/health")
    assert lines() == []
    await client.post("/health")
    assert [line["status"] for line in lines()] == [405]


async def test_stream_is_logged_at_its_end(client: httpx2.AsyncClient, lines: Lines) -> None:
    response = await client.get("/api/v901/posts/1/stream")
    assert response.content == b"chunk" * 3
    (line,) = lines()
    assert (line["bytes_out"], line["status"]) == (15, 200)


async def test_failure_is_a_problem_and_one_traceback(sample: tuple[FastAPI, Metrics], lines: Lines) -> None:
    # The mounted application has no error middleware of its own: Starlette's responds, and raises again.
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(sample[0]), base_url="http://test") as client:
        response = await client.get("/api/v901/posts/1/failure")
    assert response.status_code == 500
    failure, request = lines()
    assert failure["event"] == "request_failed"
    assert failure["request_id"] == request["request_id"] == response.headers["x-request-id"]
    assert "RuntimeError: post 1 of [redacted] 20" in failure["exception"]
    assert "local-variable-value" not in failure["exception"].replace('secret = "local-variable-value"', "")
    assert (request["status"], request["level"]) == (500, "error")


def stack(app: ASGIApp, *origins: str) -> tuple[ASGIApp, Metrics]:
    """Wrap an ASGI application in the middleware."""
    metrics = Metrics()
    config = ObservabilityConfig(cors=CorsPolicy(allow_origins=origins))
    for layer in reversed(middleware(config, metrics)):
        assert isinstance(layer, Middleware)
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app, metrics


def counted(metrics: Metrics) -> list[str]:
    """Return the statuses in the histogram."""
    return [
        sample.labels["http_response_status_code"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "http_server_request_duration_seconds_count"
    ]


SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": [], "asgi": {"version": "3.0"}}
HEAD = {"type": "http.response.start", "status": 200, "headers": []}


async def no_body() -> Message:
    """An empty request."""
    return {"type": "http.request", "body": b""}


async def report_disconnect() -> Message:
    """Report that the client disconnected."""
    return {"type": "http.disconnect"}


async def discard(_message: Message) -> None:
    """Accept and discard a message."""


async def test_failure_before_the_response_is_a_500(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise KeyError

    layers, metrics = stack(app, "https://pages.example")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(layers), base_url="http://test") as client:
        response = await client.get("/", headers={"Origin": "https://pages.example"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "https://pages.example"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert [line["event"] for line in lines()] == ["request_failed", "request"]
    assert counted(metrics) == ["500"]


async def test_failure_during_the_response_closes_the_connection_and_is_logged_once(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(HEAD)
        raise KeyError

    layers, metrics = stack(app)
    with pytest.raises(KeyError) as caught:
        await layers({**SCOPE}, no_body, discard)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=caught.value)
    assert [(line["event"], line.get("status")) for line in lines()] == [("request_failed", None), ("request", 500)]
    assert counted(metrics) == ["500"]


async def test_a_failure_after_the_response_is_logged_and_ends_no_connection(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(HEAD)
        await send({"type": "http.response.body", "body": b""})
        raise KeyError

    layers, metrics = stack(app)
    await layers({**SCOPE}, no_body, discard)
    assert [(line["event"], line.get("status")) for line in lines()] == [("request_failed", None), ("request", 200)]
    assert counted(metrics) == ["200"]


async def test_an_error_of_the_system_is_no_disconnect(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise FileNotFoundError

    layers, metrics = stack(app)
    await layers({**SCOPE}, no_body, discard)
    assert [(line["event"], line.get("status")) for line in lines()] == [("request_failed", None), ("request", 500)]
    assert counted(metrics) == ["500"]


@pytest.mark.parametrize("error", [ClientDisconnect(), None])
async def test_client_disconnect_is_a_499(lines: Lines, error: Exception | None) -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        if error is not None:
            raise error

    layers, metrics = stack(app)
    await layers({**SCOPE}, report_disconnect, discard)
    assert [(line["event"], line["status"], line["level"]) for line in lines()] == [("request", 499, "info")]
    assert counted(metrics) == ["499"]


async def test_client_disconnect_during_a_stream_is_a_499(lines: Lines) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(endless())(scope, receive, send)

    async def leave() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    layers, _ = stack(app)
    await layers({**SCOPE}, leave, discard)
    (line,) = lines()
    assert line["status"] == 499
    assert line["bytes_out"] > 0


async def test_broken_pipe_is_a_499(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(HEAD)

    async def broken(_message: Message) -> None:
        raise BrokenPipeError

    layers, _ = stack(app)
    await layers({**SCOPE}, no_body, broken)
    assert [(line["event"], line["status"]) for line in lines()] == [("request", 499)]


async def test_disconnect_after_the_last_byte_is_ignored(lines: Lines) -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send(HEAD)
        await send({"type": "http.response.pathsend", "path": "/file"})
        await receive()

    layers, _ = stack(app)
    await layers({**SCOPE}, report_disconnect, discard)
    assert lines()[0]["status"] == 200


async def test_cancelled_request_is_logged_and_not_active(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(60)

    layers, metrics = stack(app)
    task = asyncio.ensure_future(layers({**SCOPE}, no_body, discard))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lines()[0]["status"] == 500
    assert metrics.registry.get_sample_value("http_server_active_requests", {"api_version": "none"}) == 0


@pytest.mark.parametrize("path", ["/api/v901/posts/1", "/nowhere", "/api/v901/posts/1/failure"])
async def test_allowed_origins_may_read_all_headers(
    build_sample: Callable[..., tuple[FastAPI, Metrics]], path: str
) -> None:
    app, _ = build_sample("https://pages.example")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        response = await client.get(path, headers={"Origin": "https://pages.example"})
        assert response.headers["access-control-allow-origin"] == "https://pages.example"
        assert "X-Request-ID" in response.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in response.headers
        other = await client.get(path, headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_preflight_response_has_ids_and_is_logged(
    build_sample: Callable[..., tuple[FastAPI, Metrics]], lines: Lines
) -> None:
    app, _ = build_sample("https://pages.example")
    headers = {"Origin": "https://pages.example", "Access-Control-Request-Method": "PATCH"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        response = await client.options("/api/v2/posts/1", headers=headers)
    assert response.status_code == 200
    assert "x-request-id" in response.headers
    assert lines is not None


async def test_without_origins_no_cors_header_is_sent(client: httpx2.AsyncClient) -> None:
    response = await client.get("/health", headers={"Origin": "https://pages.example"})
    assert not [name for name in response.headers if name.startswith("access-control") or name == "vary"]


def test_any_origin_with_credentials_is_rejected() -> None:
    with pytest.raises(ValueError, match="credentials"):
        CorsPolicy(allow_origins=("*",), allow_credentials=True)


async def test_bodies_are_passed_on(lines: Lines) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await send(HEAD)
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"!"})

    layers, _ = stack(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(layers), base_url="http://test") as client:
        assert (await client.post("/", content=b"x" * 1000)).content == b"x" * 1000 + b"!"
    assert lines()[0]["bytes_out"] == 1001
