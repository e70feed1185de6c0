"""A text or a table that names a test names one that is collected, and that asserts what the table claims."""

import ast
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from app.errors import DomainError
from tests.laws.tables.failures import ANYWHERE
from tests.laws.tables.operations import ONLY_V1, ONLY_V2

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("app", "versions", "observability", "contracts", "tests", "grafana", ".github")
TEXTS: Final = sorted(
    path
    for path in [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci/run"]
    + [path for folder in FOLDERS for suffix in ("md", "yml", "toml") for path in (ROOT / folder).rglob(f"*.{suffix}")]
    if "node_modules" not in path.parts
)
MODULES: Final = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
REFERENCE: Final = re.compile(
    r"(?<![\w/.-])([\w./-]*\btest_\w+\.py)(?:::(test_\w+))?|(?<![\w.:/-])(test_[a-z0-9_]+)\b(?![.(=\w])"
)
"""``folder/test_x.py``, ``test_x.py::test_y`` or ``test_y``."""
NO_TESTS: Final = {"test_app", "test_environment", "test_cases"}
"""A fixture, an argument of a library, and the name of a counter of Schemathesis."""
TABLES: Final[Mapping[str, Mapping[str, str]]] = {"ANYWHERE": ANYWHERE, "ONLY_V1": ONLY_V1, "ONLY_V2": ONLY_V2}


@cache
def functions(path: Path) -> Mapping[str, str]:
    """The tests that pytest collects from a file, with their sources, decorators included."""
    source = path.read_text()
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


@cache
def files() -> Mapping[str, Path]:
    return {str(path.relative_to(ROOT)): path for path in (ROOT / "tests").rglob("test_*.py")}


@cache
def names() -> frozenset[str]:
    return frozenset(name for path in files().values() for name in functions(path))


def unknown_tests(text: str) -> Iterator[str]:
    """The references of a text to files or tests that are not collected."""
    for found in REFERENCE.finditer(text):
        file, test, alone = found.groups()
        if alone is not None:
            if alone not in names() | NO_TESTS:
                yield alone
            continue
        paths = [path for name, path in files().items() if f"/{name}".endswith(f"/{file}")]
        if not paths or (test is not None and not any(test in functions(path) for path in paths)):
            yield found[0]


def words_of(path: Path) -> Iterator[str]:
    """The comments and strings of a module; code is checked by the interpreter."""
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
        if path != Path(__file__)
        if (unknown := [reference for words in words_of(path) for reference in unknown_tests(words)])
    }
    assert found == {}


@pytest.mark.parametrize("table", TABLES)
def test_tables_name_tests_by_their_whole_ids(table: str) -> None:
    found = [entry for entry in TABLES[table].values() for _ in re.finditer(r"\btest_\w+\.py(?!::test_)", entry)]
    assert found == [], "a file may have tests of something else"


def declaring_classes(code: str) -> set[str]:
    """The names of the error classes with a code."""
    kinds, waiting = set(), [DomainError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.code == code:
            kinds.add(kind.__name__)
    return kinds


@pytest.mark.parametrize("code", ANYWHERE)
def test_a_test_of_the_table_asserts_the_code_or_its_class(code: str) -> None:
    file, test = ANYWHERE[code].split("::")
    source = functions(ROOT / file)[test]
    assert any(re.search(rf"\b{word}\b", source) for word in {code, *declaring_classes(code)}), source


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
