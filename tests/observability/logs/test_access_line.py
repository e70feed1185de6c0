"""The line of a request: every field, the level by status and path, and the redaction of each kind of secret."""

import io
import json
from typing import Any

import pytest
import structlog

from observability.logs.access_log import AccessLog
from observability.logs.configuration import configure
from observability.requests.context import RequestContext, record_problem, set_consumer

PATHS = frozenset({"/health"})


def line_of(level: Any = "debug", path: str = "/api/v901/posts", **facts: Any) -> dict[str, Any] | None:
    """Return the line of one finished request, ``None`` if there is none."""
    stream = io.BytesIO()
    configure(level, "json", stream)
    context = RequestContext("r", "t", "s", parent_span_id=None, api_version="v901")
    for name, value in {"status": 200, **facts}.items():
        setattr(context, name, value)
    access_log = AccessLog(quiet_paths=PATHS, release="2026-11")
    scope = {"type": "http", "path": path, "client": ("192.0.2.77", 1)}
    access_log.on_start(scope, context)
    access_log.on_end([(scope, context)])
    lines = stream.getvalue().splitlines()
    assert len(lines) <= 1
    return json.loads(lines[0]) if lines else None


def test_a_line_has_the_facts_of_its_request() -> None:
    found = line_of(
        route="/api/v901/posts",
        method="GET",
        duration=1.2345678,
        consumer="key_1",
        key="key_1",
        user="user_1",
        consumer_tier="pro",
        bytes_out=12,
        database_seconds=0.0123456,
        database_statements=3,
        problem="rate_limited",
        policy="burst",
        deprecated=("posts.old",),
    )
    assert found is not None
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "event": "request",
        "level": "info",
        "request_id": "r",
        "trace_id": "t",
        "span_id": "s",
        "api_version": "v901",
        "http_route": "/api/v901/posts",
        "method": "GET",
        "status": 200,
        "duration_ms": 1234.568,
        "consumer": "key_1",
        "bytes_out": 12,
        "client_network": "192.0.2.0/24",
        "key": "key_1",
        "user": "user_1",
        "plan": "pro",
        "db_ms": 12.346,
        "db_statements": 3,
        "release": "2026-11",
        "problem": "rate_limited",
        "policy": "burst",
        "deprecated": ["posts.old"],
    }


def test_the_line_of_a_socket_has_the_facts_of_its_connection() -> None:
    stream = io.BytesIO()
    configure("info", "json", stream)
    context = RequestContext("r", "t", "s", parent_span_id=None, api_version="v901")
    facts = {"route": "/api/v901/live/{token}", "status": 101, "close_code": 4401, "duration": 1.2345678}
    facts |= {"consumer": "key_1", "key": "key_1", "user": "user_1", "consumer_tier": "pro", "problem": "gone"}
    for name, value in facts.items():
        setattr(context, name, value)
    scope = {"type": "websocket", "path": "/api/v901/live/secret", "client": ("192.0.2.77", 1)}
    AccessLog(quiet_paths=PATHS, release="2026-11").on_socket(scope, context)
    found = json.loads(stream.getvalue())
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "event": "websocket",
        "level": "info",
        "request_id": "r",
        "trace_id": "t",
        "api_version": "v901",
        "http_route": "/api/v901/live/{token}",
        "status": 101,
        "close_code": 4401,
        "duration_ms": 1234.568,
        "consumer": "key_1",
        "client_network": "192.0.2.0/24",
        "key": "key_1",
        "user": "user_1",
        "plan": "pro",
        "release": "2026-11",
        "problem": "gone",
    }


def test_an_ordinary_request_has_no_field_of_an_exceptional_one() -> None:
    found = line_of()
    assert found is not None
    assert not found.keys() & {"problem", "policy", "deprecated"}
    assert AccessLog(quiet_paths=PATHS)._release == ""


@pytest.mark.parametrize(
    ("status", "path", "level"),
    [
        (200, "/", "info"),
        (404, "/", "info"),
        (499, "/", "info"),
        (500, "/", "error"),
        (503, "/", "error"),
        (None, "/", "error"),
        (200, "/health", "debug"),
        (399, "/health", "debug"),
        (400, "/health", "info"),
        (503, "/health", "error"),
        (200, "/health/other", "info"),
    ],
)
def test_the_level_tells_what_needs_attention(status: int | None, path: str, level: str) -> None:
    found = line_of(path=path, status=status)
    assert found is not None
    assert (found["level"], found["status"]) == (level, status or 500)


def test_a_poll_is_logged_at_debug_level_only() -> None:
    assert line_of("info", "/health") is None
    assert line_of("warning", "/") is None
    assert line_of("error", "/", status=500) is not None


def test_the_context_stores_the_consumer_and_the_problem() -> None:
    context = RequestContext("r", "t", "s", parent_span_id=None, api_version="v901")
    scope = {"state": {"context": context}}
    set_consumer(scope, key=None, user="user_1", tier="free")
    assert (context.consumer, context.key, context.user, context.consumer_tier) == ("user_1", None, "user_1", "free")
    set_consumer(scope, key="key_1", user="user_1", tier="pro")
    assert (context.consumer, context.key, context.user, context.consumer_tier) == ("key_1", "key_1", "user_1", "pro")
    record_problem(scope, "not_found", [])
    assert (context.problem, context.policy) == ("not_found", None)
    record_problem(scope, "rate_limited", ["burst", "daily"])
    assert (context.problem, context.policy) == ("rate_limited", "burst,daily")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, str(2**63)),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (b"a\xff", "a\ufffd"),
        (bytearray(b"ada@example.com"), "[redacted]"),
        ((1, "b"), [1, "b"]),
        ({"token": None, "secret": True, "password": 0}, {"token": None, "secret": True, "password": "[redacted]"}),
        ({"ada@example.com": 1}, {"[redacted]": 1}),
        ([[[[[[[["deep"]]]]]]]], [[[[[[[["deep"]]]]]]]]),
        ([[[[[[[[["deeper"]]]]]]]]], [[[[[[[["[too deep]"]]]]]]]]),
    ],
)
def test_a_value_is_logged_in_plain_types(value: object, expected: object) -> None:
    stream = io.BytesIO()
    configure("info", "json", stream)
    structlog.get_logger().info("event", value=value)
    assert json.loads(stream.getvalue())["value"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:p@host/db", "postgresql://[redacted]@host/db"),
        ("user ada@example.com left", "user [redacted] left"),
        ("id=ada%40example.com&b=1", "id=[redacted]&b=1"),
        ("token=abc next", "token=[redacted] next"),
        ("Bearer abc.def next", "Bearer [redacted] next"),
        ("Basic abc== next", "Basic [redacted] next"),
        ("Digest abc next", "Digest [redacted] next"),
        ("sk_live_abc next", "[redacted] next"),
        ("sk_test_abc next", "[redacted] next"),
        ("whsec_a+b/c= next", "[redacted] next"),
        ("eyJhbGciOiJIUzI1NiJ9.x.y next", "[redacted] next"),
        ("$argon2id$v=19$m=1$a$b next", "[redacted] next"),
        ("[parameters: ('a', 'b')]\nnext", "[parameters: [redacted]\nnext"),
        ("Set-Cookie: a=1; b=2\nnext", "Set-Cookie: [redacted]\nnext"),
        ("signing-key: abc next", "signing-key: [redacted] next"),
        ("passphrase=abc next", "passphrase=[redacted] next"),
        ("private_key=abc next", "private_key=[redacted] next"),
        ("credentials=abc next", "credentials=[redacted] next"),
        ("Authorisation: abc next", "Authorisation: [redacted] next"),
        ("passwd=abc next", "passwd=[redacted] next"),
    ],
)
def test_only_the_secret_of_a_text_is_redacted(text: str, expected: str) -> None:
    stream = io.BytesIO()
    configure("info", "json", stream)
    structlog.get_logger().info("event", value=text)
    assert json.loads(stream.getvalue())["value"] == expected
