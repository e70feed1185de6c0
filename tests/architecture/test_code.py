"""Rules of the house that no linter knows."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import configure_mappers
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware

from app.main import create_app
from app.models import Base
from app.settings.root import Settings

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "versions", "observability", "contracts", "tests")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_MODULE = 300
IGNORE = re.compile(r"#\s*(noqa|type:\s*ignore)")
REASONED = re.compile(r"#\s*(noqa: [A-Z0-9, ]+ - |type: ignore\[[\w-]+\]  # )\S")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_a_page_of_one_idea(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST_MODULE
    assert not lines or lines[0].startswith(('"""', 'r"""')), "says what it is for"


def test_every_ignore_has_a_reason() -> None:
    bare = []
    for path in SOURCES:
        with path.open("rb") as source:
            comments = [token for token in tokenize.tokenize(source.readline) if token.type == tokenize.COMMENT]
        bare += [f"{name(path)}:{comment.start[0]}" for comment in comments if not reasoned(comment.string)]
    assert bare == []


def reasoned(comment: str) -> bool:
    return not IGNORE.search(comment) or REASONED.search(comment) is not None


def layers(app: Any) -> Iterator[Any]:
    """Every ASGI layer from the outside to the router, and those of mounted applications."""
    seen: set[int] = set()
    waiting = [app]
    while waiting:
        layer = waiting.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if isinstance(layer, Starlette):
            waiting += [layer.build_middleware_stack(), *(getattr(route, "app", None) for route in layer.routes)]
        waiting += [getattr(layer, attribute, None) for attribute in ("app", "_app")]


def test_no_layer_is_a_base_http_middleware(settings: Settings) -> None:
    found = list(layers(create_app(settings)))
    names = {type(layer).__name__ for layer in found}
    assert {"RequestContextMiddleware", "ErrorMiddleware", "VersionMiddleware", "RateLimitMiddleware"} <= names, (
        "all were seen"
    )
    assert not [layer for layer in found if isinstance(layer, BaseHTTPMiddleware)]


def test_nothing_is_loaded_behind_ones_back() -> None:
    configure_mappers()
    lazy = [
        f"{mapper.class_.__name__}.{relation.key}"
        for mapper in Base.registry.mappers
        for relation in mapper.relationships
        if relation.lazy not in {"raise", "noload", "raise_on_sql"}
    ]
    assert lazy == []
    assert len(list(Base.registry.mappers)) > 4


def test_the_top_level_is_what_was_agreed() -> None:
    agreed = {"app", "versions", "observability", "contracts", "tests", "grafana"}
    folders = {path.parent.parts[len(ROOT.parts)] for path in SOURCES}
    assert folders <= agreed
