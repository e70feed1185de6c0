"""A client that disconnects while it sends a body: 499 in metrics and log, no response, no error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Scope

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.operations import VERSIONS, Operation, operations

MULTIPART = "multipart/form-data; boundary=x"
DURATIONS = "http_server_request_duration_seconds_count"


def media_types(operation: Operation) -> list[str]:
    """The media types of the body; forms may also be multipart."""
    assert operation.media_type is not None
    if operation.media_type == "multipart/form-data":
        return [MULTIPART]
    form = operation.media_type == "application/x-www-form-urlencoded"
    return [operation.media_type, MULTIPART] if form else [operation.media_type]


def head(operation: Operation, media_type: str, headers: dict[str, str]) -> Scope:
    """The ASGI scope of a request that announces a body."""
    fields = {"Host": "strata.test", "Content-Type": media_type, "Content-Length": "900", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": operation.method,
        "scheme": "http",
        "path": operation.url(),
        "raw_path": operation.url().encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
        "client": ("192.0.2.1", 40000),
        "server": ("strata.test", 80),
    }


async def leave(test_app: TestApp, scope: Scope) -> list[Message]:
    """Send half a body, then disconnect. Returns what the application sends."""
    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b'{"a":', "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await test_app.app(scope, receive, send)
    return sent


async def statuses(test_app: TestApp, version: str) -> dict[str, float]:
    """The number of requests to a version by status."""
    found: dict[str, float] = {}
    async with test_app.client() as client:
        exposition = (await client.get("/metrics")).text
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == DURATIONS and sample.labels["api_version"] == version:
                status = sample.labels["http_response_status_code"]
                found[status] = found.get(status, 0) + sample.value
    return found


def lines(output: str) -> list[dict[str, Any]]:
    """The log lines of requests and failures."""
    logged = [json.loads(line) for line in output.splitlines()]
    return [line for line in logged if line["event"].startswith("request")]


@pytest.mark.parametrize("key", [None, '"once"'])
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_operation_with_a_body_counts_499(
    test_app: TestApp, capsys: pytest.CaptureFixture[str], version: str, key: str | None
) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN)
    headers = ada.headers if key is None else {**ada.headers, "Idempotency-Key": key}
    before = await statuses(test_app, version)
    capsys.readouterr()
    count = rejected = 0
    for operation in operations(version):
        if operation.media_type is None:
            continue
        for media_type in media_types(operation):
            sent = await leave(test_app, head(operation, media_type, headers))
            if sent and sent[0]["status"] == 403:
                # No key may have the permission, and nothing is read before that is decided.
                rejected += 1
                capsys.readouterr()
                continue
            count += 1
            assert sent == [], operation.name
            (line,) = lines(capsys.readouterr().out)
            assert (line["status"], line["level"], line["method"]) == (499, "info", operation.method), operation.name
    assert count >= 10
    assert rejected < count
    after = await statuses(test_app, version)
    assert after.pop("499") - before.pop("499", 0) == count
    assert after.pop("403", 0) - before.pop("403", 0) == rejected
    assert after == before, "no other status is counted"
