"""The served OpenAPI documents promise what they promised in November 2026, apart from their texts.

``DIGESTS`` covers everything but ``summary``, ``description`` and ``title``. A deliberate change of an API updates its
digest here, beside ``strata contract freeze``; a change of texts never does. To see what differs from an earlier
document: ``git show <commit>:contracts/v2.openapi.json | python -m tests.architecture.test_documents_unchanged v2``.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from app.main import create_app
from app.settings.root import Settings
from tests.support.operations import VERSIONS, document

DIGESTS = {
    "v1": "7ab744def11274508f53e8eafa7365dc87eedfbbeac6a53de853af43125e09f1",
    "v2": "77a81e231d8e1cadeb26b1f8df6dd2c51018d91f7751d0a1fb9f522c24e95f8e",
}
TEXTS = frozenset({"summary", "description", "title"})
NAMED = frozenset(
    {"properties", "patternProperties", "$defs", "schemas", "responses", "headers", "parameters", "paths"}
)
"""Members whose own members are named by the API: a property ``title`` is not an annotation."""
VALUES = frozenset({"examples", "example", "default", "const", "enum"})
"""Members that are values of the API, compared as they are."""


def without_texts(value: Any, *, named: bool = False) -> Any:
    if isinstance(value, list):
        return [without_texts(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: member if name in VALUES and not named else without_texts(member, named=name in NAMED and not named)
        for name, member in value.items()
        if named or name not in TEXTS or not isinstance(member, str)
    }


def digest(promised: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(without_texts(promised), sort_keys=True).encode()).hexdigest()


def differences(before: Any, after: Any, place: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(before.get(name), after.get(name), f"{place}/{name}")
    elif before != after:
        yield f"{place}: {json.dumps(before)[:200]} -> {json.dumps(after)[:200]}"


@pytest.mark.parametrize("version", VERSIONS)
def test_only_texts_of_the_document_have_changed(version: str, settings: Settings) -> None:
    routes = create_app(settings).routes
    (served,) = (route.app for route in routes if isinstance(route, Mount) and route.path == f"/api/{version}")
    assert isinstance(served, FastAPI)
    assert digest(json.loads(json.dumps(served.openapi()))) == DIGESTS[version]


def test_texts_are_ignored_and_everything_else_is_not() -> None:
    schema = {"title": "Post", "properties": {"title": {"type": "string", "description": "The title."}}}
    same = {"title": "A post", "properties": {"title": {"type": "string"}}}
    assert digest(schema) == digest(same)
    assert digest(schema) != digest({"properties": {"title": {"type": "integer"}}})
    assert digest(schema) != digest({"properties": {}}), "a property named title is part of the promise"
    assert digest({"examples": [{"title": "a"}]}) != digest({"examples": [{"title": "b"}]})


if __name__ == "__main__":
    sys.stdout.writelines(
        f"{line}\n" for line in differences(without_texts(json.load(sys.stdin)), without_texts(document(sys.argv[1])))
    )
