"""`strata contract check`: a change of the code stops it with the rule, the pointer and what to do."""

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
from contracts.released import Released, released
from versions.registry import VERSIONS

Json = Any
ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def nothing_released(_version: str, _folder: Path) -> None:
    return None


def frozen(version: str) -> Json:
    return json.loads((freeze.FOLDER / f"{version}.openapi.json").read_text())


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code of the command, and everything it printed."""
    monkeypatch.setattr(sys, "argv", ["strata", "contract", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out + printed.err


def enums(doc: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Everything that is one of several words, with where it lies."""
    for name, inner in doc.items() if isinstance(doc, dict) else enumerate(doc):
        below = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name == "enum" and len(inner) > 1:
            yield below, inner
        elif isinstance(inner, dict | list):
            yield from enums(inner, below)


def sent(doc: Json, keyword: str) -> tuple[str, Json]:
    """Some component that is sent, or one of its fields, which has a keyword."""
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


def one_line(doc: Json) -> str:
    pointer, schema = sent(doc, "minLength")
    schema["minLength"] += 1
    return f"request-body-min-length-increased  {pointer}/minLength"


def removed_enum_value(doc: Json) -> str:
    promised = copy.deepcopy(doc)
    for pointer, values in enums(doc):
        lost = values.pop()
        # Where only the server says it, one value less breaks nobody.
        if diff(promised, doc).breaks:
            return f"enum-value-removed  {pointer}"
        values.append(lost)
    raise AssertionError("nothing that is sent has an enum")


def new_required_field(doc: Json) -> str:
    pointer, schema = sent(doc, "required")
    schema["properties"]["brand_new"] = {"type": "string"}
    schema["required"].append("brand_new")
    return f"request-body-required-property-added  {pointer}/properties/brand_new"


def tightened_maximum(doc: Json) -> str:
    pointer, schema = sent(doc, "maxLength")
    schema["maxLength"] -= 1
    return f"request-body-max-length-decreased  {pointer}/maxLength"


def renamed_operation(doc: Json) -> str:
    path, item = next(iter(doc["paths"].items()))
    method, operation = next(iter(item.items()))
    operation["operationId"] = "renamed"
    return f"operation-id-changed  /paths/{path.replace('/', '~1')}/{method}/operationId"


CHANGES = [one_line, removed_enum_value, new_required_field, tightened_maximum, renamed_operation]


def patched(monkeypatch: pytest.MonkeyPatch, version: str, doc: Json) -> None:
    built = freeze.document
    monkeypatch.setattr(freeze, "document", lambda one: doc if one.name == version else built(one))


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_stops_the_check(
    version: str, change: Callable[[Json], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen(version)
    try:
        told = change(doc)
    except AssertionError:
        pytest.skip(f"{version} has nothing to change like this")
    patched(monkeypatch, version, doc)
    code, printed = run(monkeypatch, capsys, "check")
    assert code == 1
    assert told in printed
    assert f"{version}: " in printed
    assert "breaking" in printed
    assert f"Undo it in {version} and make the change in the next version" in printed
    code, printed = run(monkeypatch, capsys, "freeze")
    assert code == 1
    assert "Nothing is written" in printed


def test_words_stop_the_check_with_another_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen("v1")
    doc["info"]["description"] = "Other words."
    patched(monkeypatch, "v1", doc)
    code, printed = run(monkeypatch, capsys, "check")
    assert code == 1
    assert "Other words." in printed
    assert "run `strata contract freeze` and commit the result" in printed
    assert "Undo it" not in printed


def test_what_was_promised_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(monkeypatch, capsys, "check")
    assert code == 0
    assert "Every version says what it promised." in printed
    for version in VERSIONS:
        assert f"no tag contracts/{version.name}" in printed or f"{version.name} keeps what" in printed


def test_one_line_of_the_code_stops_the_check(tmp_path: Path) -> None:
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


def copied(tmp_path: Path, waivers: str = "") -> Path:
    """A folder with the frozen contracts and a file of exceptions."""
    for version in VERSIONS:
        shutil.copy(freeze.frozen_path(version), tmp_path)
    (tmp_path / gate.WAIVERS).write_text(waivers)
    return tmp_path


def looser_release(version: str, _folder: Path) -> Released | None:
    """A release of v1 that took longer texts than the frozen contract does."""
    if version != "v1":
        return None
    doc = frozen("v1")
    sent(doc, "maxLength")[1]["maxLength"] += 1
    return Released("contracts/v1", doc)


def exception(pointer: str, expires: str = "2027-01-31", rule: str = "request-body-max-length-decreased") -> str:
    return f'[[exception]]\nrule = "{rule}"\npointer = "{pointer}"\nreason = "Nobody could."\nexpires = {expires}\n'


def test_a_frozen_contract_that_breaks_the_released_one_stops_the_check(tmp_path: Path) -> None:
    outcome = gate.check(copied(tmp_path), looser_release, TODAY)
    assert outcome.failed
    assert [verdict.version for verdict in outcome.verdicts if verdict.failed] == ["v1"]
    (finding,) = outcome.verdicts[0].since_release
    assert finding.rule == "request-body-max-length-decreased"


def test_an_exception_lets_it_pass_until_its_day(tmp_path: Path) -> None:
    pointer = f"{sent(frozen('v1'), 'maxLength')[0]}/maxLength"
    folder = copied(tmp_path, exception(pointer))
    assert not gate.check(folder, looser_release, TODAY).failed
    late = gate.check(folder, looser_release, date(2027, 2, 1))
    assert late.failed
    assert "expired on 2027-01-31" in late.problems[0]


def test_an_exception_that_nothing_needs_stops_the_check(tmp_path: Path) -> None:
    pointer = f"{sent(frozen('v1'), 'maxLength')[0]}/maxLength"
    outcome = gate.check(copied(tmp_path, exception(pointer) + exception("/elsewhere")), looser_release, TODAY)
    assert outcome.problems == [
        "The exception for request-body-max-length-decreased at /elsewhere is not needed: remove it."
    ]
    assert not gate.check(copied(tmp_path, exception("/elsewhere")), nothing_released, TODAY).failed


@pytest.mark.parametrize(
    "text",
    [
        "[[exception]]\n",
        exception("/a", rule="no-such-rule"),
        exception("/a", expires='"soon"'),
        exception("/a").replace("Nobody could.", " "),
        exception("/a") + "extra = 1\n",
        "other = 1\n",
        "[[",
    ],
)
def test_a_wrong_exception_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"exceptions\.toml"):
        gate.check(copied(tmp_path, text), nothing_released, TODAY)


def git(folder: Path, *arguments: str) -> None:
    words = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-C", str(folder), *arguments]
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def test_the_newest_tag_of_the_version_is_what_was_released(tmp_path: Path) -> None:
    assert released("v1", tmp_path) is None
    folder = tmp_path / "contracts"
    folder.mkdir()
    git(tmp_path, "init")
    for number, tag in enumerate(("v0.1.0", "contracts/v1"), 1):
        (folder / "v1.openapi.json").write_text(json.dumps({"number": number}))
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", "x")
        assert (released("v1", folder) is None) == (number == 1)
        git(tmp_path, "tag", tag)
        found = released("v1", folder)
        assert found == Released(tag, {"number": number})
    assert released("v2", folder) is None


def write(path: Path, doc: Json) -> str:
    path.write_text(json.dumps(doc))
    return str(path)


def test_diff_exits_by_its_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doc = frozen("v2")
    broken = copy.deepcopy(doc)
    del broken["paths"][next(iter(broken["paths"]))]
    old, new = write(tmp_path / "old.json", doc), write(tmp_path / "new.yaml", broken)
    assert run(monkeypatch, capsys, "diff", old, old)[0] == 0
    code, printed = run(monkeypatch, capsys, "diff", old, new, "--json")
    assert code == 1
    assert json.loads(printed)["breaking"] > 0
    assert run(monkeypatch, capsys, "diff", new, old)[0] == 0
    nothing = write(tmp_path / "nothing.json", [])
    code, printed = run(monkeypatch, capsys, "diff", old, nothing, "--json")
    assert code == 2
    assert "nothing.json: not an OpenAPI document" in printed


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "junit", "sarif"])
def test_diff_tells_it_in_every_form(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (write(tmp_path / f"{version}.json", frozen(version)) for version in ("v1", "v2"))
    code, printed = run(monkeypatch, capsys, "diff", old, new, "--format", form)
    assert code == 1
    assert "response-header-removed" in printed
