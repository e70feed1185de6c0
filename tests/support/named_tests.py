"""The tests that pytest collects, by their files and names, for texts and tables that name them."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
REFERENCE: Final = re.compile(
    r"(?<![\w/.-])([\w./-]*\btest_\w+\.py)(?:::(test_\w+))?|(?<![\w.:/-])(test_[a-z0-9_]+)\b(?![.(=\w])"
)
"""``folder/test_x.py``, ``test_x.py::test_y`` or ``test_y``."""
NO_TESTS: Final = {"test_app", "test_environment", "test_cases"}
"""A fixture, an argument of a library, and the name of a counter of Schemathesis."""


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
