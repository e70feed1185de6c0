"""Exceptions for single changes of a contract: recorded by a command, valid for one version until a date."""

import operator
from datetime import UTC, date, datetime
from functools import reduce
from pathlib import Path

import pytest

from contracts import gate, kinds
from contracts.baselines import digest_of
from contracts.compat.exceptions import ExceptionsFileError, read_exceptions
from contracts.freeze import EXCEPTIONS
from contracts.guide.build import BuildResult
from tests.contracts.commands import Run, find_request_schema, frozen_document, patch_document
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import recorded_form
from versions.registry import VERSIONS

OLDEST = VERSIONS[0].name
DECREASED = "request-body-max-length-decreased"


def exception(
    pointer: str, expires: str = "2027-01-31", rule: str = "request-body-max-length-decreased", version: str = "v901"
) -> str:
    return (
        f'[[exception]]\nversion = "{version}"\nrule = "{rule}"\npointer = "{pointer}"\n'
        f'reason = "Never worked."\nexpires = {expires}\n'
    )


def shorten(version: str, monkeypatch: pytest.MonkeyPatch, count: int = 1) -> list[str]:
    """Decrease the first values of `maxLength` of requests in the document of the code. Returns their pointers."""
    original, doc = frozen_document(version), frozen_document(version)
    pointers = []
    for _ in range(count):
        pointer, found = find_request_schema(original, "maxLength")
        del found["maxLength"]
        *path, _last = (f"{pointer}/maxLength").split("/")[1:]
        schema = reduce(operator.getitem, path, doc)
        schema["maxLength"] -= 1
        pointers.append(f"{pointer}/maxLength")
    patch_document(monkeypatch, version, doc)
    return pointers


def test_accept_breaking_records_one_change(folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    strata("release", "v2")
    (pointer,) = shorten("v2", monkeypatch)
    code, printed = strata("freeze", "--accept-breaking", DECREASED, pointer, "--reason", 'Never "stored".')
    assert code == 0, printed
    (recorded,) = read_exceptions(folder / EXCEPTIONS)
    assert (recorded.version, recorded.rule, recorded.pointer) == ("v2", DECREASED, pointer)
    assert recorded.reason == 'Never "stored".'
    assert 88 <= (recorded.expires - datetime.now(UTC).date()).days <= 90
    assert (folder / EXCEPTIONS).read_text().startswith("# Changes that the gate accepts"), "comments stay"
    code, printed = strata("check")
    assert code == 0, printed
    late = gate.check(today=date(2099, 1, 1))
    assert late.failed
    assert any("expired on" in problem for problem in late.problems)
    # The guide of this change is not the subject.
    monkeypatch.setattr("contracts.guide.build.build", lambda **_: BuildResult())
    assert strata("release", "v2", "--yes")[0] == 0
    assert read_exceptions(folder / EXCEPTIONS) == [], "the new baseline contains the change"
    assert strata("check")[0] == 0


def test_accept_breaking_takes_one_change_at_a_time(folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = shorten("v2", monkeypatch, count=2)
    assert first != second
    code, printed = strata(
        "freeze", "--accept-breaking", DECREASED, first, "--reason", "Never worked.", "--until", "2099-01-31"
    )
    assert code == 1, "the other change still breaks clients"
    assert second in printed
    assert [one.expires for one in read_exceptions(folder / EXCEPTIONS)] == [date(2099, 1, 31)]
    code, printed = strata("freeze", "--accept-breaking", DECREASED, second, "--reason", "Never worked.")
    assert code == 0, printed


def test_accept_breaking_without_a_match_lists_the_candidates(
    folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pointer,) = shorten("v2", monkeypatch)
    before = (folder / EXCEPTIONS).read_bytes()
    code, printed = strata("freeze", "--accept-breaking", DECREASED, "/elsewhere", "--reason", "x")
    assert code == 1
    assert f"v2: {DECREASED} {pointer}" in printed
    assert f"No rejected change has the rule {DECREASED} at /elsewhere." in printed
    for other in (version.name for version in VERSIONS if version.name != "v2"):
        wrong = ("freeze", "--accept-breaking", DECREASED, pointer, "--reason", "x", "--version", other)
        assert strata(*wrong)[0] == 1, "the change is one of v2"
    for missing in ((), ("--reason", " "), ("--reason", "x", "--until", "2020-01-01")):
        assert strata("freeze", "--accept-breaking", DECREASED, pointer, *missing)[0] == 1
    assert strata("freeze", "--reason", "x")[0] == 1
    assert (folder / EXCEPTIONS).read_bytes() == before


def test_check_fails_for_an_exception_that_no_change_needs(folder: Path, strata: Run) -> None:
    (folder / EXCEPTIONS).write_text(exception("/elsewhere", version=OLDEST))
    assert strata("check")[0] == 0, "without a comparison it is unknown which exceptions are needed"
    path = kinds.OPENAPI.baseline_path(OLDEST, folder)
    path.parent.mkdir()
    content = kinds.OPENAPI.frozen_path(OLDEST, folder).read_bytes()
    path.write_bytes(content)
    digest = digest_of(content)
    lifecycle_record.RECORD.write_bytes(recorded_form(VERSIONS, {OLDEST: digest}))
    code, printed = strata("check")
    assert code == 1
    assert f"{OLDEST}: the exception for {DECREASED} at /elsewhere is not needed: remove it." in printed


def test_an_exception_is_valid_for_one_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pointer,) = shorten("v2", monkeypatch)
    (folder / EXCEPTIONS).write_text(exception(pointer))
    assert list(gate.refused_by_version()) == ["v2"]
    (folder / EXCEPTIONS).write_text(exception(pointer).replace('"v901"', '"v2"'))
    assert gate.refused_by_version() == {}
    assert list(gate.refused_by_version(date(2027, 2, 1))) == ["v2"], "expired"


@pytest.mark.parametrize(
    "text",
    [
        "[[exception]]\n",
        exception("/a", rule="no-such-rule"),
        exception("/a", expires='"soon"'),
        exception("/a").replace("Never worked.", " "),
        exception("/a").replace('"v901"', "1"),
        exception("/a") + "extra = 1\n",
        "other = 1\n",
        "[[",
    ],
)
def test_an_invalid_exception_is_rejected(text: str, folder: Path) -> None:
    (folder / EXCEPTIONS).write_text(text)
    with pytest.raises(ExceptionsFileError, match=r"exceptions\.toml"):
        gate.check()
