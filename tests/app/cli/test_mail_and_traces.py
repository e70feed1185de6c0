"""``strata mail`` and ``strata traces``: which ones an option selects."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.kit.mail.mailer import MailboxMailer, mailbox_folder
from app.kit.mail.message import Mail
from app.wiring import ring_folder
from tests.support.commands import Run, output_of

SECOND, MILLISECOND = 10**9, 10**6


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_TRACING__SLOW_THRESHOLD", "1.5")
    return output_of


async def test_mail_is_shown_newest_first(run: Run, tmp_path: Path) -> None:
    assert run("mail").startswith(f"No mail in {mailbox_folder(tmp_path)}. Register a user to receive one.")
    mailer = MailboxMailer(mailbox_folder(tmp_path), "strata@example.com")
    for number, to in enumerate(("Ada@example.com", "eve@example.com", "ada@example.com")):
        await mailer.send(Mail(to, f"S{number}", f"Token: t{number}\n\nhttps://example.com/{number}.\n", f"m{number}"))

    def subjects(*options: str) -> list[str]:
        return [each["subject"] for each in json.loads(run("mail", "--json", *options))]

    assert subjects() == ["S2", "S1", "S0"]
    assert subjects("--limit", "1") == ["S2"]
    assert subjects("--limit", "2") == ["S2", "S1"]
    assert subjects("--to", "ADA@example.com") == ["S2", "S0"]
    assert subjects("--to", "nobody@example.com") == []
    (newest,) = json.loads(run("mail", "--json", "--limit", "1"))
    assert (newest["token"], newest["links"]) == ("t2", ["https://example.com/2"])
    assert "Subject: S2" in run("mail", "--limit", "1")


def trace(number: int, milliseconds: float, *, error: bool) -> dict[str, Any]:
    span = {
        "span_id": f"{number:016x}",
        "parent_span_id": "f" * 16 if number == 2 else None,
        "name": f"GET /{number}",
        "kind": "server",
        "start_ns": number * SECOND,
        "duration_ms": milliseconds,
        "error": error,
        "attributes": {"api.version": "v2"},
        "events": [{"name": "exception", "attributes": {"exception.type": "ValueError", "exception.message": "bad"}}]
        * error,
    }
    return {"trace_id": f"{number:032x}", "service": "strata", "spans": [span]}


def test_traces_are_shown_newest_first(run: Run, tmp_path: Path) -> None:
    folder = ring_folder(tmp_path)
    assert run("traces").startswith(f"No matching traces in {folder}. Send a request first.")
    folder.mkdir(parents=True)
    found = [trace(1, 1600.0, error=False), trace(2, 1400.0, error=True), trace(3, 2.0, error=False)]
    (folder / "strata-1.jsonl").write_bytes(b"\n".join(map(orjson.dumps, found)) + b'\n{"incomplete')

    def ids(*options: str) -> list[int]:
        return [int(each["trace_id"], 16) for each in json.loads(run("traces", "--json", *options))]

    assert ids() == [3, 2, 1]
    assert ids("--limit", "2") == [3, 2]
    assert ids("--slow") == [1]
    assert ids("--errors") == [2]
    assert ids("--errors", "--slow") == []
    assert json.loads(run("traces", "--json", "--limit", "1"))[0]["started_at"] == "1970-01-01T00:00:03Z"
    text = run("traces")
    assert "GET /2  1400.0 ms  v2" in text, "a trace that another service began has a root, too"
    assert "ValueError: bad" in text
