"""`strata contract check`, `freeze` and `diff`: exit codes and messages for changes of the contracts."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.compat import diff
from tests.contracts.commands import Json, find_request_schema, frozen_document, patch_document, run
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS

ROOT = Path(__file__).parents[2]


def find_enums(doc: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Yield each enum of several values, with its pointer."""
    for name, inner in doc.items() if isinstance(doc, dict) else enumerate(doc):
        below = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name == "enum" and len(inner) > 1:
            yield below, inner
        elif isinstance(inner, dict | list):
            yield from find_enums(inner, below)


def increase_min_length(doc: Json) -> str:
    pointer, schema = find_request_schema(doc, "minLength")
    schema["minLength"] += 1
    return f"request-body-min-length-increased  {pointer}/minLength"


def remove_enum_value(doc: Json) -> str:
    original = copy.deepcopy(doc)
    for pointer, values in find_enums(doc):
        removed = values.pop()
        # Removing a value is breaking in requests only.
        if diff(original, doc).breaks:
            return f"enum-value-removed  {pointer}"
        values.append(removed)
    raise AssertionError("no request has an enum")


def add_required_field(doc: Json) -> str:
    pointer, schema = find_request_schema(doc, "required")
    schema["properties"]["brand_new"] = {"type": "string"}
    schema["required"].append("brand_new")
    return f"request-body-required-property-added  {pointer}/properties/brand_new"


def decrease_max_length(doc: Json) -> str:
    pointer, schema = find_request_schema(doc, "maxLength")
    schema["maxLength"] -= 1
    return f"request-body-max-length-decreased  {pointer}/maxLength"


def rename_operation(doc: Json) -> str:
    path, item = next(iter(doc["paths"].items()))
    method, operation = next(iter(item.items()))
    operation["operationId"] = "renamed"
    return f"operation-id-changed  /paths/{path.replace('/', '~1')}/{method}/operationId"


CHANGES = [increase_min_length, remove_enum_value, add_required_field, decrease_max_length, rename_operation]


@pytest.mark.parametrize("version", [version.name for version in VERSIONS])
@pytest.mark.parametrize("change", CHANGES)
def test_check_and_freeze_fail_for_a_breaking_change(
    version: str, change: Callable[[Json], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen_document(version)
    try:
        reported = change(doc)
    except AssertionError:
        pytest.skip(f"{version} has no schema for this change")
    patch_document(monkeypatch, version, doc)
    code, printed = run(monkeypatch, capsys, "check")
    assert code == 1
    assert reported in printed
    assert f"{version}: " in printed
    assert "breaking" in printed
    assert f"Undo it in {version} and make the change in the next version" in printed
    code, printed = run(monkeypatch, capsys, "freeze")
    assert code == 1
    assert "Nothing was written" in printed


def test_check_fails_for_a_changed_description_and_advises_to_freeze(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen_document("v2")
    doc["info"]["description"] = "Another description."
    patch_document(monkeypatch, "v2", doc)
    code, printed = run(monkeypatch, capsys, "check")
    assert code == 1
    assert "Another description." in printed
    assert "run `strata contract freeze` and commit the result" in printed
    assert "Undo it" not in printed


def test_check_passes_for_unchanged_contracts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = run(monkeypatch, capsys, "check")
    assert code == 0
    assert "Every version matches its frozen contract." in printed
    for version in VERSIONS:
        assert f"{version.name} has no baseline" in printed or f"{version.name} is compatible with" in printed


def test_check_fails_for_a_changed_line_of_code(tmp_path: Path) -> None:
    for name in ("app", "versions", "observability", "contracts"):
        # With its bytecode, so that Python compiles the changed module only.
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("node_modules"))
    schemas = next(
        path for path in sorted((tmp_path / "versions" / "v2").rglob("schemas.py")) if "max_length=" in path.read_text()
    )
    before, _, after = schemas.read_text().partition("max_length=")
    schemas.write_text(f"{before}max_length=1 + {after}")
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "contract", "check"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "STRATA_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "max-length-increased  /" in done.stdout
    assert "  -> " in done.stdout


def write(path: Path, doc: Json) -> str:
    path.write_text(json.dumps(doc))
    return str(path)


def test_the_exit_code_of_diff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen_document("v2")
    broken = copy.deepcopy(doc)
    del broken["paths"][next(iter(broken["paths"]))]
    old, new = write(tmp_path / "old.json", doc), write(tmp_path / "new.yaml", broken)
    assert run(monkeypatch, capsys, "diff", old, old)[0] == 0
    code, printed = run(monkeypatch, capsys, "diff", old, new, "--json")
    assert code == 1
    assert json.loads(printed)["breaking"] > 0
    assert run(monkeypatch, capsys, "diff", new, old)[0] == 0
    invalid = write(tmp_path / "invalid.json", [])
    code, printed = run(monkeypatch, capsys, "diff", old, invalid, "--json")
    assert code == 2
    assert "invalid.json: not an OpenAPI document" in printed


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "junit", "sarif"])
def test_diff_prints_every_format(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen_document("v2")
    old = write(tmp_path / "old.json", doc)
    del doc["paths"]["/posts"]["post"]["responses"]["201"]["headers"]["Location"]
    new = write(tmp_path / "new.json", doc)
    code, printed = run(monkeypatch, capsys, "diff", old, new, "--format", form)
    assert code == 1
    assert "response-header-removed" in printed
