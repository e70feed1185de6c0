"""Which lines are written at each level, and in which form."""

import io
import logging
import sys
from typing import Any

import pytest
import structlog

from observability.logs.configuration import LineSink, RequestLines, SinkHandler, configure, request_lines
from observability.logs.debug import debug_log
from tests.observability.logs.test_configuration import capture_log, lines_of


@pytest.mark.parametrize(
    ("level", "ours", "libraries"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_each_level_includes_the_more_severe_ones(level: Any, ours: list[str], libraries: list[str]) -> None:
    with capture_log(level) as stream:
        for name in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), name)("ours")
            getattr(request_lines.log, name)("request")
            getattr(logging.getLogger("foreign"), name)("theirs")
            getattr(logging.getLogger("uvicorn.error"), name)("server")
        request_lines.flush()
    found = [(line["event"], line["level"]) for line in lines_of(stream)]
    assert [one for name, one in found if name == "ours"] == ours
    assert [one for name, one in found if name == "request"] == ours
    assert [one for name, one in found if name == "theirs"] == libraries
    # The server's own lines about its start are of level info.
    assert [one for name, one in found if name == "server"] == [one for one in ours if one != "debug"]
    assert debug_log.enabled is (level == "debug")


def test_a_terminal_gets_text_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure(stream=stream)
    structlog.get_logger().debug("hidden")
    structlog.get_logger().info("shown")
    request_lines.log.info("request")
    request_lines.flush()
    text = stream.getvalue().decode()
    assert ("hidden" in text, "shown" in text, "request" in text) == (False, True, True)
    assert "{" not in text
    piped = io.BytesIO()
    configure(stream=piped)
    structlog.get_logger().info("shown")
    assert lines_of(piped)[0]["event"] == "shown"
    standard = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", standard)
    RequestLines().flush()
    unconfigured = RequestLines()
    unconfigured.msg(b"line")
    unconfigured.flush()
    assert standard.buffer.getvalue() == b"line\n"  # type: ignore[attr-defined]  # a BytesIO


def test_a_record_that_cannot_be_formatted_is_reported_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.BytesIO()
    handler = SinkHandler(LineSink(stream))
    handler.handle(logging.LogRecord("foreign", logging.ERROR, "a.py", 1, "%d", ("no number",), None))
    assert stream.getvalue() == b""
    assert "Logging error" in capsys.readouterr().err
    handler.handle(logging.LogRecord("foreign", logging.ERROR, "a.py", 1, "lone \ud800", (), None))
    assert stream.getvalue() == b"lone ?\n"
