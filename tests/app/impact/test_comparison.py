"""Comparisons run in a child process, which knows no secret and is gone afterwards."""

import asyncio
import json
import sys
from typing import Any

import pytest

from app.impact import comparison
from app.impact.child import analyse_candidate
from app.impact.errors import AnalysisTooLarge, InvalidContract
from tests.support.waiting import PATIENCE


def instead(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(comparison, "_COMMAND", (sys.executable, "-c", program))


async def test_the_child_gets_the_input_and_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_AUTH__SECRET_KEY", "planted")
    instead(monkeypatch, "import os, sys; print(sys.stdin.read(), sorted(os.environ))")
    output = (await comparison.compare(b"input", PATIENCE)).decode()
    assert output.startswith("input [")
    assert "STRATA" not in output


async def test_a_child_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def remember(*command: str, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*command, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", remember)
    instead(monkeypatch, "import time; time.sleep(1000)")
    with pytest.raises(AnalysisTooLarge):
        await comparison.compare(b"", 0.01)
    task = asyncio.create_task(comparison.compare(b"", PATIENCE))
    while len(started) < 2:  # noqa: ASYNC110 - nothing reports it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [child.returncode for child in started] == [-9, -9]


async def test_a_child_that_fails_shows_nothing_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, "import sys; sys.exit(sys.stdin.read())")
    with pytest.raises(InvalidContract) as raised:
        await comparison.compare(b"planted", PATIENCE)
    assert "planted" not in str(raised.value)


async def test_a_document_that_needs_too_much_memory_is_rejected() -> None:
    given = {
        "candidate": json.dumps({"openapi": "3.1.0", "paths": {}, "x": ["abc"] * 500_000}),
        "evidence": {"format": "strata-usage/1", "since": "2026-11-01", "until": "2026-11-02"},
        "version": None,
        "contracts": ".",
        "contacts": {},
        "most_outcomes": 1,
        "max_memory_bytes": 60_000_000,
    }
    try:
        found = json.loads(await comparison.compare(json.dumps(given).encode(), PATIENCE))
    except InvalidContract:
        return  # the interpreter itself had no memory left
    assert found == {"invalid": "the comparison needs more memory than it may have"}


def test_a_version_is_stated_by_the_servers() -> None:
    given: dict[str, Any] = {
        "candidate": '{"openapi": "3.1.0", "servers": [{"url": "https://example.com/api/v901"}], "paths": {}}',
        "evidence": {"format": "strata-usage/1", "since": "", "until": "", "contracts": {"v902": "", "v903": ""}},
        "version": None,
    }
    assert analyse_candidate(given) == {
        "unknown_version": "the document is that of none of the versions v902, v903: name one"
    }
