"""The linters read a document again when it, a setting or a program changes, and after each failure."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from contracts.lint import linters
from contracts.lint.linters import LintResult, lint

FLAWED = "flawed"


class Linters:
    """Stands in for the linters: it lists the documents that they read, and reports a problem in flawed ones."""

    def __init__(self) -> None:
        self._read: list[str] = []

    def run(self, _folder: Path, linter: str, *arguments: str) -> LintResult:
        paths = [Path(one) for one in arguments if one.endswith("api.json")]
        if "--config" in arguments:
            config = Path(arguments[arguments.index("--config") + 1])
            paths = [Path(one["root"]) for one in yaml.safe_load(config.read_text())["apis"].values()]
        self._read += [f"{linter} {path.name}" for path in paths]
        return LintResult(linter, any(FLAWED in path.read_text() for path in paths), "")

    def documents(self, folder: Path) -> list[str]:
        """Lint, and return what the linters read."""
        self._read = []
        lint(folder)
        return self._read


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Linters:
    found = Linters()
    monkeypatch.setattr(linters, "_run", found.run)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The settings of the linters, below two versions."""
    settings = tmp_path / "lint"
    settings.mkdir()
    for name in ("redocly.yaml", "v901.yaml", "spectral.yaml"):
        (settings / name).write_text("rules: {}\n")
    (settings / "package-lock.json").write_text("{}")
    for name in ("v901.openapi.json", "v902.openapi.json", "v902.asyncapi.json"):
        (tmp_path / name).write_text("{}")
    return settings


REDOCLY = ["redocly v901.openapi.json", "redocly v902.openapi.json"]
SPECTRAL = ["spectral v901.openapi.json", "spectral v902.openapi.json", "spectral v902.asyncapi.json"]


def test_documents_without_problems_are_read_once(folder: Path, program: Linters) -> None:
    assert program.documents(folder) == REDOCLY + SPECTRAL
    assert program.documents(folder) == []
    assert [(one.linter, one.failed) for one in lint(folder)] == [("redocly", False), ("spectral", False)]


def test_a_changed_document_is_read_again(folder: Path, program: Linters) -> None:
    program.documents(folder)
    (folder.parent / "v902.openapi.json").write_text('{"info": {}}')
    assert program.documents(folder) == ["redocly v902.openapi.json", "spectral v902.openapi.json"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("redocly.yaml", REDOCLY),
        ("v901.yaml", ["redocly v901.openapi.json"]),
        ("v902.yaml", ["redocly v902.openapi.json"]),
        ("spectral.yaml", SPECTRAL),
        ("package-lock.json", REDOCLY + SPECTRAL),
    ],
)
def test_a_changed_setting_or_lock_has_its_documents_read_again(
    name: str, expected: Sequence[str], folder: Path, program: Linters
) -> None:
    program.documents(folder)
    (folder / name).write_text("rules: {contact-properties: off}\n")
    assert program.documents(folder) == expected


def test_a_removed_setting_has_its_document_read_again(folder: Path, program: Linters) -> None:
    program.documents(folder)
    (folder / "v901.yaml").unlink()
    assert program.documents(folder) == ["redocly v901.openapi.json"]


def test_a_failure_is_never_remembered(folder: Path, program: Linters) -> None:
    program.documents(folder)
    (folder.parent / "v901.openapi.json").write_text(json.dumps({"info": FLAWED}))
    for _ in range(2):
        assert program.documents(folder) == ["redocly v901.openapi.json", "spectral v901.openapi.json"]
        assert all(result.failed for result in lint(folder))
    (folder.parent / "v901.openapi.json").write_text("{}")
    assert program.documents(folder) == ["redocly v901.openapi.json", "spectral v901.openapi.json"]


def test_a_change_during_a_run_is_read_by_the_next_one(
    folder: Path, program: Linters, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(place: Path, linter: str, *arguments: str) -> LintResult:
        result = program.run(place, linter, *arguments)
        if linter == "spectral":
            (folder.parent / "v902.asyncapi.json").write_text(FLAWED)
        return result

    with monkeypatch.context() as editing:
        editing.setattr(linters, "_run", run)
        lint(folder)
    assert program.documents(folder) == [SPECTRAL[-1]]


def damage(cache: Path) -> None:
    (cache / "passed.json").write_text("[")


def replace(cache: Path) -> None:
    (cache / "passed.json").write_text("{}")


@pytest.mark.parametrize("change", [damage, replace])
def test_a_damaged_cache_has_every_document_read_again(
    change: Callable[[Path], None], folder: Path, program: Linters
) -> None:
    program.documents(folder)
    change(folder / ".cache")
    assert program.documents(folder) == REDOCLY + SPECTRAL
    assert program.documents(folder) == []
    assert [path.name for path in (folder / ".cache").iterdir()] == ["passed.json"]


def test_a_cache_that_cannot_be_written_fails_no_run(folder: Path, program: Linters) -> None:
    (folder / ".cache").write_text("not a folder")
    for _ in range(2):
        assert program.documents(folder) == REDOCLY + SPECTRAL
