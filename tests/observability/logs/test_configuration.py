"""All lines have one output, and it contains no secret."""

import io
import json
import logging
import sys
import time
import timeit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from observability.logs.configuration import LineSink, configure
from observability.logs.exceptions import was_logged
from observability.logs.redaction import holds_secret, redact_text
from observability.requests.context import ACTIVE, RequestContext

# Credentials in the formats that this product issues or accepts; none was ever valid.
SECRETS = (
    "sk_live_" + "4QnZ7kLmP2xWvB9tRsY3",
    "sk_test_" + "4QnZ7kLmP2xWvB9tRsY3",
    "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl-_x",
    "eve.adams+list@mail.example.org",
    "ève@exämple.org",
    "eve%40example.org",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g",
)
NAMES = (
    *("password", "new_password", "Authorization", "cookie", "Set-Cookie", "X-API-Key", "refresh_token", "api_key"),
    *("client_secret", "email", "signing_key", "e-mail"),
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="@%"), max_size=20)
SEPARATOR = st.sampled_from([" ", "", '"', "'", "\n", "=", ": ", "(", "/", "?next=", "<", ", ", "\\"])


def lines_of(stream: io.BytesIO) -> list[dict[str, Any]]:
    """Parse every line with the strict parser and with the lenient one."""
    lines = stream.getvalue().splitlines()
    return [json.loads(line) for line in lines]


@contextmanager
def capture_log(level: Any = "info", log_format: Any = "json") -> Iterator[io.BytesIO]:
    """Capture the log of the block."""
    stream = io.BytesIO()
    configure(level, log_format, stream)
    yield stream


def planted(secret: str) -> st.SearchStrategy[object]:
    """Build values of many shapes that contain ``secret`` in a text."""
    around = st.builds(lambda a, s, t, b: f"{a}{s}{secret}{t}{b}", TEXT, SEPARATOR, SEPARATOR, TEXT)
    text = st.one_of(st.just(secret), st.builds(lambda a, b: f"{a} {secret} {b}", TEXT, TEXT))
    leaf = st.one_of(text, text.map(str.encode), text.map(ValueError)) if "ä" in secret else st.one_of(text, around)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.tuples(inner),
            st.dictionaries(st.sampled_from(["a", "b"]), inner, min_size=1),
            text.map(lambda key: {key: 1}),
        ),
        max_leaves=3,
    )


@given(st.sampled_from(SECRETS).flatmap(lambda secret: st.tuples(st.just(secret), planted(secret))))
def test_secret_format_is_redacted(case: tuple[str, object]) -> None:
    secret, value = case
    with capture_log() as stream:
        structlog.get_logger().info("event", value=value)
        structlog.get_logger().info(str(value))
        logging.getLogger("foreign").warning("value %s", value)
        try:
            raise RuntimeError(value)  # noqa: TRY301 - the test logs its traceback
        except RuntimeError:
            logging.getLogger("foreign").exception("failed")
            structlog.get_logger().exception("failed")
    assert len(lines_of(stream)) == 5
    assert secret not in stream.getvalue().decode()


OPAQUE = st.text("abcdefghkmnp23456789", min_size=12, max_size=24).map(lambda text: f"zq{text}")


@given(st.sampled_from(NAMES), OPAQUE, st.booleans())
def test_secret_name_is_redacted(name: str, secret: str, upper: bool) -> None:  # noqa: FBT001 - drawn
    name = name.upper() if upper else name
    texts = [
        f"{name}={secret}",
        f"{name}: {secret}",
        f'{{"{name}": "{secret}"}}',
        f'{{\\"{name}\\": \\"{secret}\\"}}',
        f"{{'{name}': '{secret} and {secret}'}}",
        repr([(name.encode(), secret.encode())]),
        f"?a=b&{name}={secret}&c=d",
        f"User(id=1, {name}='{secret}')",
        f"Key ({name})=({secret}) already exists.",
        f"{name}: Bearer {secret}",
        f"{name}='{secret} cut",
        f"[parameters: (1, '{secret}')]",
        f"postgresql://user:{secret}@host/db",
    ]
    with capture_log() as stream:
        structlog.get_logger().info("event", **{name: secret})
        structlog.get_logger().info("event", **{name: [secret]}, deep={"list": [{name: {"x": secret}}]})
        for text in texts:
            structlog.get_logger().info(text)
    assert len(lines_of(stream)) == len(texts) + 2
    for line in stream.getvalue().decode().splitlines():
        assert secret not in line


def test_cookies_are_redacted_to_the_end_of_the_line() -> None:
    assert redact_text("Cookie: a=1; session=2\nnext") == "Cookie: [redacted]\nnext"
    assert redact_text("Authorization: Basic dXNlcjpwYXNz") == "Authorization: [redacted] [redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v901/posts/{post_id}",
        "@router.get",
        "a @ b",
        "01a20b4b091976289abc53eae14b0da5",
        "author=7",
        "tasks",
        "",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert redact_text(text) == text
    assert not holds_secret(text)


@pytest.mark.parametrize("unit", ["a", "a@", "a.", '"', "eyJ", "token=", "cookie", "%40", "a%", "://", "\\", "(("])
def test_redaction_takes_linear_time(unit: str) -> None:
    def best_of_five(times: int) -> float:
        text = "@ token " + unit * times
        # CPU time, which is independent of other processes.
        return min(timeit.repeat(lambda: redact_text(text), timer=time.process_time, number=1, repeat=5))

    # Eight times the text: 64 times as long in quadratic time. On a busy machine the larger one also misses the caches.
    assert best_of_five(100_000) < 24 * best_of_five(12_500)


@example({"n": 2**70, "s": "\ud800", "f": float("nan"), "b": b"\xff", "o": object(), 3: {1}})
@given(
    st.dictionaries(
        st.one_of(st.text(st.characters()), st.integers()),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.binary()),
            lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters()), inner)),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_every_line_is_json(fields: dict[object, object]) -> None:
    with capture_log() as stream:
        structlog.get_logger().info("event", fields=fields)
        logging.getLogger("foreign").warning("%r", fields)
    assert [line["level"] for line in lines_of(stream)] == ["info", "warning"]
    assert stream.getvalue().count(b"\n") == 2


def test_recursive_structure_is_truncated() -> None:
    endless: list[object] = []
    endless.append(endless)
    with capture_log() as stream:
        structlog.get_logger().info("event", value=endless)
    assert "[too deep]" in stream.getvalue().decode()


def test_library_records_have_the_same_output() -> None:
    context = RequestContext("r", "t", "s", parent_span_id=None, api_version="v901")
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.addHandler(logging.NullHandler())
    token = ACTIVE.set(context)
    with capture_log() as stream:
        uvicorn.info("Started %s", "server", extra={"color_message": "Started"})
        logging.getLogger("sqlalchemy.engine").info("SELECT")
        logging.getLogger("asyncio").debug("Using selector")
        logging.getLogger("uvicorn.access").info("GET /?token=x")
        structlog.get_logger().warning("ours", n=1)
    ACTIVE.reset(token)
    foreign, ours = lines_of(stream)
    ids = {"request_id": "r", "trace_id": "t", "span_id": "s", "api_version": "v901"}
    assert {**foreign, **ids, "timestamp": 0} == {
        "event": "Started server",
        "logger": "uvicorn.error",
        "level": "info",
        "timestamp": 0,
        **ids,
    }
    assert ids.items() <= ours.items()
    assert not logging.getLogger("uvicorn.access").hasHandlers()


def test_libraries_log_no_requests() -> None:
    server = logging.getLogger("uvicorn.error")
    with capture_log("debug") as stream:
        server.info('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/api/v2/stream/opaque?token=x")
        server.debug("< Authorization: opaque")
        logging.getLogger("websockets.server").info("< TEXT 'opaque'")
        logging.getLogger("any.library").info("opaque")
        server.info("connection open")
    assert [line["event"] for line in lines_of(stream)] == ["connection open"]


def test_level_applies_to_all_loggers() -> None:
    with capture_log("error") as stream:
        structlog.get_logger().warning("no")
        logging.getLogger("foreign").warning("no")
        structlog.get_logger().error("yes")
    assert [line["event"] for line in lines_of(stream)] == ["yes"]


def test_configuring_again_replaces() -> None:
    with capture_log() as first:
        log = structlog.get_logger()
        log.info("first")
    with capture_log() as second:
        log.info("second")
        logging.getLogger("foreign").warning("third")
    assert [line["event"] for line in lines_of(first)] == ["first"]
    assert [line["event"] for line in lines_of(second)] == ["second", "third"]


def fail() -> None:
    """Raise an exception with a secret in a local variable."""
    parts = "local", "secret"
    local = "-".join(parts)
    raise KeyError(len(local))


def fail_and_log() -> None:
    try:
        fail()
    except KeyError:
        structlog.get_logger().exception("failed", password="hunter2hunter2")
        raise


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_tracebacks_have_no_locals_and_mark_the_exception(log_format: str) -> None:
    with capture_log(log_format=log_format) as stream, pytest.raises(KeyError) as caught:
        fail_and_log()
    assert was_logged(caught.value)
    text = stream.getvalue().decode()
    assert "Traceback (most recent call last)" in text
    assert "KeyError: 12" in text
    assert "local-secret" not in text
    assert "hunter2hunter2" not in text


def test_console_format_is_text() -> None:
    with capture_log(log_format="console") as stream:
        structlog.get_logger().info("event", address="eve@example.org")
        logging.getLogger("foreign").warning("hello")
    text = stream.getvalue().decode()
    assert "eve@example.org" not in text
    assert "hello" in text
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(text.splitlines()[0])


def test_without_a_terminal_lines_are_json() -> None:
    with capture_log(log_format="auto") as stream:
        structlog.get_logger().info("event")
    assert lines_of(stream)[0]["event"] == "event"


def test_failed_write_raises_nothing() -> None:
    closed = io.BytesIO()
    closed.close()
    configure("info", "json", closed)
    structlog.get_logger().info("event")
    logging.getLogger("foreign").warning("event")


def test_standard_output_is_the_default(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    LineSink().msg(b"line")
    assert capsysbinary.readouterr().out == b"line\n"
    assert LineSink().isatty() == sys.stdout.isatty()
