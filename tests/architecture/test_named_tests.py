"""A text or a table that names a test names one that is collected."""

import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support import named_tests
from tests.support.named_tests import functions, unknown_tests

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("app", "versions", "observability", "contracts", "tests", "grafana", ".github")
TEXTS: Final = sorted(
    path
    for path in [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci/run"]
    + [path for folder in FOLDERS for suffix in ("md", "yml", "toml") for path in (ROOT / folder).rglob(f"*.{suffix}")]
    if "node_modules" not in path.parts
)
MODULES: Final = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def words_of(path: Path) -> Iterator[str]:
    """The comments and strings of a module; code is checked by the interpreter."""
    if not named_tests.REFERENCE.search(path.read_text()):
        return  # Most modules name no test, and tokens take seconds.
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type in {tokenize.COMMENT, tokenize.STRING}:
                yield token.string


def test_pages_and_configuration_name_tests_that_exist() -> None:
    found = {str(path.relative_to(ROOT)): list(unknown_tests(path.read_text())) for path in TEXTS}
    assert {path: unknown for path, unknown in found.items() if unknown} == {}


def test_comments_and_strings_name_tests_that_exist() -> None:
    found = {
        f"{path.relative_to(ROOT)}": unknown
        for path in MODULES
        if path not in {Path(__file__), Path(named_tests.__file__)}
        if (unknown := [reference for words in words_of(path) for reference in unknown_tests(words)])
    }
    assert found == {}


def test_the_tests_of_this_run_are_those_that_are_looked_up(request: pytest.FixtureRequest) -> None:
    """What the look-up reads from a file is what pytest collects from it."""
    collected: dict[str, set[str]] = {}
    for item in request.session.items:
        file, _, rest = item.nodeid.partition("::")
        collected.setdefault(file, set()).add(rest.partition("[")[0])
    assert {file for file, tests in collected.items() if not tests <= set(functions(ROOT / file))} == set()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("see tests/versions/test_entry.py", []),
        ("`test_entry.py` and `versions/test_entry.py`", []),
        ("tests/versions/test_gone.py", ["tests/versions/test_gone.py"]),
        ("tests/app/test_entry.py", ["tests/app/test_entry.py"]),
        ("test_entry.py::test_gone", ["test_entry.py::test_gone"]),
        ("test_documents.py::test_an_operation_is_described", []),
        ("`test_an_operation_is_described` fails", []),
        ("`test_an_operation_is_renamed` fails", ["test_an_operation_is_renamed"]),
        ("`test_app` is a fixture", []),
    ],
)
def test_a_reference_to_a_missing_test_is_found(text: str, unknown: list[str]) -> None:
    assert list(unknown_tests(text)) == unknown
