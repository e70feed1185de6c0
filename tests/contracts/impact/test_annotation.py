"""Reports and commands add the affected consumers to each change, and name what is wrong with evidence."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts import gate
from contracts.compat import diff
from contracts.compat.command import main
from contracts.compat.findings import AffectedUsage
from contracts.compat.impact.annotation import annotated
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Summary, UsageEvidence
from contracts.compat.reports import FORMATS
from tests.contracts.compat.documents import parameter, with_parameters

OLD = with_parameters(parameter("q"), parameter("r"))
NEW = with_parameters(parameter("q", required=True), parameter("r", schema={"type": "string", "pattern": "a"}))
SENTENCE = "Usage: 1 consumer breaks; 1,234 requests since 2026-10-30."
NOBODY = "Usage: no consumer is affected, by the requests since 2026-10-30."


def consumer(name: str, requests: int, present: int) -> ConsumerEvidence:
    summary = Summary(possible=10, possible_random=10, present=present)
    elements = {"query:q": summary, "query:r": Summary(possible=10, possible_random=10)}
    used = OperationEvidence("v901", "GET /things", requests, observed=10, random=10, elements=elements)
    return ConsumerEvidence(name, (used,))


EVIDENCE = UsageEvidence("2026-10-30", "2026-11-29", (consumer("a", 1234, 3), consumer("b", 5, 10)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in (("old", OLD), ("new", NEW), ("usage", EVIDENCE.to_json())):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.usefixtures("folder")
def test_each_format_has_the_numbers(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "old.json", "new.json", "--usage", "usage.json", "--format", form]) == 1
    printed = capsys.readouterr().out
    if form == "json":
        found = {one["rule"]: one["affected"] for one in json.loads(printed)["findings"]}
        numbers = found["request-parameter-became-required"]
        assert numbers == {"breaks": 1, "may_break": 0, "requests": 1234, "since": "2026-10-30"}
        assert found["request-parameter-pattern-added"]["breaks"] == 0
    else:
        assert SENTENCE.removeprefix("Usage: ") in printed
        assert NOBODY.removeprefix("Usage: ") in printed


@pytest.mark.usefixtures("folder")
def test_without_evidence_reports_are_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    for form in FORMATS:
        main(["diff", "old.json", "new.json", "--format", form])
        printed = capsys.readouterr().out
        assert "sage: " not in printed
        assert "affected" not in printed


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("{", (), "usage.json: not JSON"),
        ("{}", (), "usage.json: `/format` must be a text, got nothing"),
        (json.dumps(EVIDENCE.to_json()), ("--usage-version", "v9"), "the evidence has no version v9, but v901"),
        (None, (), "usage.json: No such file or directory"),
    ],
)
def test_bad_evidence_is_reported(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str | None, options: Any, message: str
) -> None:
    (folder / "usage.json").unlink() if content is None else (folder / "usage.json").write_text(content)
    assert main(["diff", "old.json", "new.json", "--usage", "usage.json", *options]) == 2
    assert capsys.readouterr().err.startswith(f"Error: {message}\n")


def test_the_gate_has_the_numbers_of_its_version() -> None:
    report = diff(OLD, NEW, located=True)
    results = [
        gate.VersionResult(name, changes=report, since_release=report, refused=report.causes) for name in ("v901", "v2")
    ]
    mine, other = gate.with_usage(gate.GateResult(results, []), EVIDENCE).versions
    expected = AffectedUsage(1, 0, 1234, "2026-10-30")
    for found in (next(iter(mine.changes)), next(iter(mine.since_release)), mine.refused[0].first):
        assert found.affected == expected
    assert next(iter(other.changes)).affected is None


def test_several_consumers_are_one_sentence() -> None:
    assert AffectedUsage(0, 2, 1, "d").sentence == "Usage: 0 consumers break, 2 may break; 1 request since d."
    assert annotated(diff(OLD, OLD), EVIDENCE, "v901").findings == ()
