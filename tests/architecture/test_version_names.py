"""No version is named outside of its own files, so that one is added and removed without an edit of anything else.

Code takes versions from the registry, and tests of every version take their requests from `tests/support/dialects`.
Tests that are about no version send requests of `WIRE`, which is the only version that they name.
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
CODE: Final = ("app", "contracts", "observability", "versions", "tests")
TEXTS: Final = (
    "Makefile",
    "Dockerfile",
    "docker-compose.yml",
    "pyproject.toml",
    "grafana/**/*.yml",
    "grafana/**/*.json",
)
HISTORY: Final = ("app/migrations",)
_NAME: Final = re.compile(r"(?<![A-Za-z0-9])[vV]([1-9]\d?)(?![a-z0-9]|\.\d)")
_HIGHEST: Final = number_of(VERSIONS[-1].name) + 1
MEMBER: Final = re.compile(r"\bv1_id\b")
"""A member of posts in the version after v1, for clients that know ids of v1."""
EXCEPTIONS: Final = {
    "app/webhooks/signing.py": "the scheme of a signature",
    "contracts/compat/reports/sarif.py": "the version of a fingerprint within a report",
    "observability/tracing/collector.py": "the path of OTLP",
    "tests/app/cli/kit/test_webhook_listener.py": "the scheme of a signature",
    "tests/app/webhooks/test_endpoints.py": "the scheme of a signature",
    "tests/app/webhooks/test_signing.py": "the scheme of a signature",
    "tests/architecture/test_version_names.py": "the samples of this test",
    "tests/observability/tracing/cost.py": "the path of OTLP",
    "tests/support/collector.py": "the path and the packages of OTLP",
    "tests/support/prometheus.py": "the path of the API of Prometheus",
}


def named(text: str) -> set[str]:
    """The versions that a text names: those of the past, those that are served, and the next."""
    return {f"v{number}" for number in _NAME.findall(MEMBER.sub("", text)) if int(number) <= _HIGHEST}


def words(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings of a module without its documentation, and its identifiers, each with its line."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        match node:
            case ast.Constant(value=str(text)) if id(node) not in documentation:
                yield line, text
            case ast.Constant(value=bytes(content)):
                yield line, content.decode("latin-1")
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield line, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield line, name
            case ast.ImportFrom(module=str(name)) | ast.alias(name=name):
                yield line, name


def names_in(path: str, text: str) -> list[str]:
    """The lines of a file that name a version which the file must not name, as ``path:line: version``."""
    lines = words(ast.parse(text)) if path.endswith(".py") else enumerate(text.splitlines(), 1)
    allowed = {WIRE} if path.startswith("tests/") else set()
    return sorted({f"{path}:{line}: {name}" for line, word in lines for name in named(word) - allowed})


def is_below(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def sources() -> Iterator[tuple[str, str]]:
    """The path and the text of every file that belongs to no version."""
    own = {*(place.path.as_posix() for place in find_places(ROOT)), *HISTORY}
    found = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    found += [path for pattern in TEXTS for path in ROOT.glob(pattern)]
    for path in sorted(found):
        name = path.relative_to(ROOT).as_posix()
        if "node_modules" not in path.parts and not is_below(name, own):
            yield name, path.read_text(encoding="utf-8")


def test_no_file_names_a_version_of_another_place() -> None:
    found = {path: names_in(path, text) for path, text in sources()}
    assert len(found) > 500
    assert [line for path, lines in found.items() if path not in EXCEPTIONS for line in lines] == []
    assert [path for path in EXCEPTIONS if not found[path]] == [], "an exception is needed"


@pytest.mark.parametrize(
    "source",
    [
        'version = "v1"',
        'url = f"/api/v1/posts/{number}"',
        'path = b"/api/v1/posts"',
        "from versions.v1.posts import schemas",
        "from versions import v1",
        'resources = load_resources("versions.v1", names)',
        "if is_v1: ...",
        "class V1Route: ...",
        "def test_posts_in_v1(): ...",
        "call(v1=1)",
        'pair = "v1-to-v2"',
        'version = "v3"',
    ],
)
def test_a_name_is_found(source: str) -> None:
    assert names_in("app/posts/service.py", source)
    assert names_in("tests/support/posts.py", source.replace("v3", f"v{_HIGHEST}"))


@pytest.mark.parametrize(
    "source",
    [
        '"""The pages of v1."""',
        'member = "v1_id"',
        'name = "v901"',
        'image = "axllent/mailpit:v1.31.4"',
        'name = "env1"',
        "version = registry.VERSIONS[0].name",
    ],
)
def test_another_text_names_no_version(source: str) -> None:
    assert names_in("app/posts/service.py", source) == []


def test_the_version_of_the_wire_is_named_by_tests_only() -> None:
    source = f'url = "/api/{WIRE}/posts"'
    assert names_in("tests/support/posts.py", source) == []
    assert names_in("app/posts/service.py", source)
    assert names_in("grafana/dashboards/a.json", f'{{"expr": "up{{api_version=\\"{WIRE}\\"}}"}}')


def test_no_shared_test_decides_by_the_name_of_a_version() -> None:
    """``if version == "v2"`` gives the next version the branch of the oldest: a dialect says what differs."""
    condition = r"if (?:\w+\.)?version(?:\.name)? (?:==|in) [\"'({]+v\d"
    branch = re.compile(rf"^\s*(?:el)?{condition}|\b{condition}.* else ")
    found = [
        f"{path}:{number}"
        for path, text in sources()
        if path.startswith("tests/") and path not in EXCEPTIONS
        for number, line in enumerate(text.splitlines(), 1)
        if branch.search(line)
    ]
    assert found == []
    assert branch.search('    if version == "v2":')
    assert branch.search('a if one.version in ("v2", "v3") else b')
    assert not branch.search('found = [one for one in sent if one.version == "v2"]'), "a selection is no branch"
