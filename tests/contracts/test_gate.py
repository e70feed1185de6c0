"""`strata contract check`, `freeze` and `diff`: exit codes and messages for changes of the contracts."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from contracts import freeze, gate
from contracts.compat import diff
from contracts.compat.waivers import WaiverError
from contracts.released import ReleasedContract, find_released
from versions.registry import VERSIONS

Json = Any
ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def no_release(_version: str, _folder: Path) -> None:
    return None


def frozen_document(version: str) -> Json:
    return json.loads((freeze.FOLDER / f"{version}.openapi.json").read_text())


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run `strata contract`. Returns the exit code and the output."""
    monkeypatch.setattr(sys, "argv", ["strata", "contract", *arguments])
    with pytest.raises(SystemExit) as exited:
        main()
    printed = capsys.readouterr()
    return int(exited.value.code or 0), printed.out + printed.err


def find_enums(doc: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Yield each enum of several values, with its pointer."""
    for name, inner in doc.items() if isinstance(doc, dict) else enumerate(doc):
        below = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name == "enum" and len(inner) > 1:
            yield below, inner
        elif isinstance(inner, dict | list):
            yield from find_enums(inner, below)


def find_request_schema(doc: Json, keyword: str) -> tuple[str, Json]:
    """The pointer and the schema of the first component or field in a request that has a keyword."""
    for item in doc["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            schema = doc["components"]["schemas"].get(name, {})
            if keyword in schema:
                return f"/components/schemas/{name}", schema
            for field, one in schema.get("properties", {}).items():
                if keyword in one:
                    return f"/components/schemas/{name}/properties/{field}", one
    raise AssertionError(keyword)


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


def patch_document(monkeypatch: pytest.MonkeyPatch, version: str, doc: Json) -> None:
    build = freeze.document
    monkeypatch.setattr(freeze, "document", lambda one: doc if one.name == version else build(one))


@pytest.mark.parametrize("version", ["v1", "v2"])
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
    doc = frozen_document("v1")
    doc["info"]["description"] = "Another description."
    patch_document(monkeypatch, "v1", doc)
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
        assert f"neither a tag contracts/{version.name}" in printed or f"{version.name} is compatible with" in printed


def test_check_fails_for_a_changed_line_of_code(tmp_path: Path) -> None:
    for name in ("app", "versions", "observability", "contracts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    schemas = next(
        path for path in sorted((tmp_path / "versions" / "v1").rglob("schemas.py")) if "max_length=" in path.read_text()
    )
    before, _, after = schemas.read_text().partition("max_length=")
    schemas.write_text(f"{before}max_length=1 + {after}")
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "contract", "check"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "STRATA_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "max-length-increased  /" in done.stdout
    assert "  -> " in done.stdout


def copy_contracts(tmp_path: Path, waivers: str = "") -> Path:
    """Create a folder with the frozen contracts and a file of waivers."""
    for version in VERSIONS:
        shutil.copy(freeze.frozen_path(version), tmp_path)
    (tmp_path / gate.WAIVERS).write_text(waivers)
    return tmp_path


def looser_release(version: str, _folder: Path) -> ReleasedContract | None:
    """A release of v1 whose request fields have a greater `maxLength` than the frozen contract."""
    if version != "v1":
        return None
    doc = frozen_document("v1")
    find_request_schema(doc, "maxLength")[1]["maxLength"] += 1
    return ReleasedContract("contracts/v1", doc)


def waiver(pointer: str, expires: str = "2027-01-31", rule: str = "request-body-max-length-decreased") -> str:
    return f'[[waiver]]\nrule = "{rule}"\npointer = "{pointer}"\nreason = "Never worked."\nexpires = {expires}\n'


def test_check_fails_if_the_frozen_contract_breaks_the_released_one(tmp_path: Path) -> None:
    result = gate.check(copy_contracts(tmp_path), looser_release, TODAY)
    assert result.failed
    assert [version.version for version in result.versions if version.failed] == ["v1"]
    (finding,) = result.versions[0].since_release
    assert finding.rule == "request-body-max-length-decreased"


def test_a_waiver_allows_a_breaking_change_until_it_expires(tmp_path: Path) -> None:
    pointer = f"{find_request_schema(frozen_document('v1'), 'maxLength')[0]}/maxLength"
    folder = copy_contracts(tmp_path, waiver(pointer))
    assert not gate.check(folder, looser_release, TODAY).failed
    late = gate.check(folder, looser_release, date(2027, 2, 1))
    assert late.failed
    assert "expired on 2027-01-31" in late.problems[0]


def test_check_fails_for_an_unused_waiver(tmp_path: Path) -> None:
    pointer = f"{find_request_schema(frozen_document('v1'), 'maxLength')[0]}/maxLength"
    result = gate.check(copy_contracts(tmp_path, waiver(pointer) + waiver("/elsewhere")), looser_release, TODAY)
    assert result.problems == [
        "The waiver for request-body-max-length-decreased at /elsewhere is not needed: remove it."
    ]
    assert not gate.check(copy_contracts(tmp_path, waiver("/elsewhere")), no_release, TODAY).failed


@pytest.mark.parametrize(
    "text",
    [
        "[[waiver]]\n",
        waiver("/a", rule="no-such-rule"),
        waiver("/a", expires='"soon"'),
        waiver("/a").replace("Never worked.", " "),
        waiver("/a") + "extra = 1\n",
        "other = 1\n",
        "[[",
    ],
)
def test_an_invalid_waiver_is_rejected(text: str, tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"waivers\.toml"):
        gate.check(copy_contracts(tmp_path, text), no_release, TODAY)


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_the_newest_tag_of_a_version_contains_its_released_contract(tmp_path: Path) -> None:
    assert find_released("v1", tmp_path) is None
    folder = tmp_path / "contracts"
    folder.mkdir()
    git(tmp_path, "init")
    for number, tag in enumerate(("v0.1.0", "contracts/v1"), 1):
        (folder / "v1.openapi.json").write_text(json.dumps({"number": number}))
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", "x")
        assert (find_released("v1", folder) is None) == (number == 1)
        git(tmp_path, "tag", tag)
        found = find_released("v1", folder)
        assert found == ReleasedContract(tag, {"number": number})
    assert find_released("v2", folder) is None


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
    old, new = (write(tmp_path / f"{version}.json", frozen_document(version)) for version in ("v1", "v2"))
    code, printed = run(monkeypatch, capsys, "diff", old, new, "--format", form)
    assert code == 1
    assert "response-header-removed" in printed
