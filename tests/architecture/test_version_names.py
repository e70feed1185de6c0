"""No version is named outside of its own files: a version is added and removed without an edit of anything else.

Code takes versions from the registry, and tests of every version take their requests from `tests/support/dialects`.
Tests that are about no version send requests of `WIRE`, and only they name it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from contracts.scaffold.places import find_places
from tests.support.wire import WIRE
from versions.kit.names import number_of
from versions.registry import VERSIONS

ROOT: Final = Path(__file__).parents[2]
_CODE: Final = ("app", "contracts", "observability", "versions")
_TEXTS: Final = ("Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml", "grafana/**/*.yml", "grafana/**/*.json")
_NAME: Final = re.compile(r"(?<![A-Za-z0-9])[vV](\d{1,2})(?![A-Za-z0-9])")
_NEWEST: Final = number_of(VERSIONS[-1].name)
MEMBERS: Final = {"v1_id": "a member of posts, for clients that know the ids of v1"}
EXCEPTIONS: Final[dict[str, str]] = {}
"""Files and folders that name a version, and why."""


def named(text: str) -> set[str]:
    """The versions, past, present and next, that a text names."""
    for member in MEMBERS:
        text = re.sub(rf"(?<![A-Za-z0-9]){member}(?![A-Za-z0-9])", "", text)
    return {f"v{number}" for number in _NAME.findall(text) if 0 < int(number) <= _NEWEST + 1}


def words(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings except docstrings, and the identifiers of a module, each with its line."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        match node:
            case ast.Constant(value=str() | bytes() as value) if id(node) not in documentation:
                yield line, value if isinstance(value, str) else value.decode("latin-1")
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield line, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield line, name
            case ast.ImportFrom(module=str(name)) | ast.alias(name=name):
                yield line, name


def found_in(path: Path) -> Iterator[tuple[int, str]]:
    """The versions that a file names, each with its line."""
    text = path.read_text(encoding="utf-8")
    lines = words(ast.parse(text)) if path.suffix == ".py" else enumerate(text.splitlines(), 1)
    for line, word in lines:
        for name in named(word):
            yield line, name


def is_below(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def test_x() -> None:
    own = {place.path.as_posix() for place in find_places(ROOT)}
    files = [path for folder in (*_CODE, "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
    files += [path for pattern in _TEXTS for path in sorted(ROOT.glob(pattern))]
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if is_below(name, own) or "node_modules" in name or "migrations" in name:
            continue
        allowed = {WIRE} if name.startswith("tests/") else set()
        for line, version in found_in(path):
            if version not in allowed:
                print(f"{name}:{line} {version}")
