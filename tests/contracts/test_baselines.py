"""Baselines of released contracts, and what each stage of a version accepts."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from app.lifecycle.version import VersionStatus
from contracts import gate, kinds
from contracts.compat import Report, diff
from contracts.documents import canonical_json
from contracts.stages import refused_changes
from tests.contracts.commands import Run, find_request_schema, frozen_document, patch_document
from tests.support.registries import CURRENT, DEPRECATED
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import read_record
from versions.registry import VERSIONS

DECREASED = "request-body-max-length-decreased"


def released(folder: Path, version: str = "v2") -> Path:
    return folder / "released" / f"{version}.openapi.json"


def test_a_contract_without_a_baseline_is_reported_and_does_not_fail(strata: Run) -> None:
    code, printed = strata("check")
    assert code == 0
    assert "v2 has no baseline: it was not released, so nothing was compared." in printed
    code, printed = strata("check", "--json")
    assert json.loads(printed)["versions"]["v2"]["baseline"] is None


def test_release_writes_the_baseline_and_its_digest_only(folder: Path, strata: Run) -> None:
    before = read_record(lifecycle_record.RECORD)
    code, printed = strata("release", "v2")
    assert code == 0, printed
    assert released(folder).read_bytes() == kinds.OPENAPI.frozen_path("v2", folder).read_bytes()
    after = read_record(lifecycle_record.RECORD)
    assert (after["v2"].baseline or "").startswith("sha256:")
    assert (after["v2"].channels_baseline or "").startswith("sha256:")
    digests = {name: getattr(after["v2"], name) for name in ("baseline", "channels_baseline")}
    assert after == before | {"v2": replace(before["v2"], **digests)}, "stage and dates stay"
    code, printed = strata("check")
    assert code == 0
    assert f"v2 is compatible with its baseline {after['v2'].baseline}" in printed
    assert all(f"{one.name} has no baseline" in printed for one in VERSIONS if one.name != "v2")
    code, printed = strata("release", "v2")
    assert (code, "Nothing changed." in printed) == (0, True)
    code, printed = strata("freeze")
    assert "Nothing changed." in printed, "freezing keeps the digest"


def remove_file(folder: Path) -> None:
    released(folder).unlink()


def change_file(folder: Path) -> None:
    released(folder).write_text(released(folder).read_text().replace("title", "Title", 1))


def add_orphan(folder: Path) -> None:
    shutil.copy(released(folder), released(folder, "v901"))


FAULTS = [
    (remove_file, "v2 was released, and its baseline contracts/released/v2.openapi.json is missing", "restore it"),
    (change_file, "v2: the baseline contracts/released/v2.openapi.json has the digest", "restore it"),
    (add_orphan, "contracts/released/v901.openapi.json is not recorded in versions/lifecycle.json", "delete it"),
]


@pytest.mark.parametrize(("damage", "sentence", "advice"), FAULTS)
def test_check_fails_for_a_damaged_baseline(
    damage: Callable[[Path], None], sentence: str, advice: str, folder: Path, strata: Run
) -> None:
    strata("release", "v2")
    damage(folder)
    code, printed = strata("check")
    assert code == 1
    assert sentence in printed
    assert advice in printed
    code, printed = strata("release", VERSIONS[0].name)
    assert (code, f"{VERSIONS[0].name} was not released." in printed) == (1, True), "no release on top of a damaged one"


def test_a_frozen_contract_that_breaks_the_released_one_fails(
    folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where code and frozen contract agree: somebody froze the change without the gate."""
    strata("release", "v2")
    doc = frozen_document("v2")
    find_request_schema(doc, "maxLength")[1]["maxLength"] -= 1
    patch_document(monkeypatch, "v2", doc)
    kinds.OPENAPI.frozen_path("v2", folder).write_text(
        json.dumps(doc, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )
    code, printed = strata("check")
    assert code == 1
    assert "v2 breaks what was released" in printed
    assert DECREASED in printed
    assert strata("release", "v2")[0] == 1
    assert strata("freeze")[0] == 1


def test_what_was_never_released_may_be_removed_again(strata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    strata("release", "v2")
    patched = frozen_document("v2")
    find_request_schema(patched, "maxLength")[1]["maxLength"] += 1
    original = frozen_document("v2")
    with monkeypatch.context() as longer:
        patch_document(longer, "v2", patched)
        assert strata("freeze")[0] == 0
    patch_document(monkeypatch, "v2", original)
    code, printed = strata("freeze")
    assert code == 0, printed


def test_only_versions_that_promise_something_are_released(
    folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, printed = strata("release", "v9")
    assert (code, "There is no version v9." in printed) == (1, True)
    preview = replace(VERSIONS[-1], status=VersionStatus.PREVIEW)
    monkeypatch.setattr("versions.registry.VERSIONS", (preview,))
    code, printed = strata("release", preview.name)
    assert (code, "is a preview, which may change at any time" in printed) == (1, True)
    assert not released(folder).exists()


def grow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Change the code and the frozen document of v2 compatibly. Returns the document."""
    doc = frozen_document("v2")
    find_request_schema(doc, "maxLength")[1]["maxLength"] += 1
    patch_document(monkeypatch, "v2", doc)
    kinds.OPENAPI.frozen_path("v2", folder).write_text(canonical_json(doc))
    return kinds.OPENAPI.frozen_path("v2", folder).read_bytes()


def test_a_release_asks_before_it_replaces_a_baseline(
    folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert strata("release", "v2")[0] == 0, "nothing is replaced"
    before = released(folder).read_bytes()
    frozen = grow(folder, monkeypatch)
    code, printed = strata("release", "v2")
    assert code == 1
    assert "Confirmation is required: This replaces the released v2.openapi.json" in printed
    assert released(folder).read_bytes() == before
    code, printed = strata("release", "v2", "--yes")
    assert code == 0, printed
    assert released(folder).read_bytes() == frozen != before


@pytest.mark.skipif(not DEPRECATED, reason="no guide")
def test_a_release_needs_complete_guides(folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    doc = frozen_document("v2")
    parameter = {"name": "brand_new", "in": "query", "required": True, "schema": {"type": "string"}}
    doc["paths"]["/posts"]["get"]["parameters"].append(parameter)
    patch_document(monkeypatch, "v2", doc)
    kinds.OPENAPI.frozen_path("v2", folder).write_text(canonical_json(doc))
    code, printed = strata("release", "v2")
    assert code == 1
    assert "No fragment explains this change" in printed
    assert "v2 was not released. The guide differs from the contracts." in printed
    assert not released(folder).exists()


S = VersionStatus
DAY = datetime(2026, 6, 1, tzinfo=UTC)


@cache
def report_of(change: str) -> Report:
    """The comparison of a document of v2 with the same document and one change."""
    old, new = frozen_document("v2"), frozen_document("v2")
    operation = new["paths"]["/posts"]["get"]
    if change == "text":
        operation["description"] = "Another text."
    elif change == "link":
        operation["responses"]["200"].setdefault("links", {})["again"] = {"operationId": operation["operationId"]}
    elif change == "failure":
        operation["responses"]["418"] = {"description": "A failure that the document lacked."}
    elif change == "growth":
        operation["parameters"].append({"name": "brand_new", "in": "query", "schema": {"type": "string"}})
    elif change == "break":
        del new["paths"]["/posts"]["get"]
    return diff(old, new)


ACCEPTED = {
    (S.PREVIEW, False): {"text", "link", "failure", "growth", "break"},
    (S.CURRENT, False): {"text", "link", "failure", "growth"},
    (S.CURRENT, True): {"text", "link", "failure", "growth"},
    (S.SUPPORTED, True): {"text", "link", "failure", "growth"},
    (S.DEPRECATED, False): {"text", "link", "failure", "growth"},
    (S.DEPRECATED, True): {"text", "link", "failure"},
    (S.RETIRED, True): {"text", "link"},
}


@pytest.mark.parametrize(("status", "was_released"), ACCEPTED)
def test_the_stage_decides_what_a_contract_accepts(status: VersionStatus, was_released: bool) -> None:  # noqa: FBT001 - a parameter of the test
    accepted = {
        change
        for change in ("text", "link", "failure", "growth", "break")
        if not refused_changes(status, report_of(change), released=was_released)
    }
    assert accepted == ACCEPTED[status, was_released]


@pytest.mark.parametrize("status", [S.DEPRECATED, S.RETIRED])
def test_a_released_version_can_be_deprecated_and_retired(status: VersionStatus) -> None:
    """The declaration itself adds headers, 410 and `deprecated` to the document."""
    ended = replace(CURRENT, status=S.DEPRECATED, deprecated_at=DAY, sunset_at=DAY.replace(year=2028), successor="v902")
    if status is S.RETIRED:
        ended = replace(ended, status=S.RETIRED, retired_at=DAY.replace(year=2029))
    report = diff(kinds.OPENAPI.build(CURRENT), kinds.OPENAPI.build(ended))
    assert report.findings
    assert refused_changes(status, report, released=True) == []


@pytest.mark.parametrize("name", [version.name for version in DEPRECATED])
def test_a_deprecated_version_does_not_grow_after_its_release(
    name: str, strata: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = frozen_document(name)
    find_request_schema(doc, "maxLength")[1]["maxLength"] += 1
    with monkeypatch.context() as before_the_release:
        patch_document(before_the_release, name, doc)
        assert gate.refused_by_version() == {}
    assert strata("release", name)[0] == 0
    patch_document(monkeypatch, name, doc)
    code, printed = strata("check")
    assert code == 1
    assert f"{name} was released and is deprecated, so its contract does not grow: undo it" in printed
    code, printed = strata("freeze")
    assert code == 1
    assert "Nothing was written" in printed
