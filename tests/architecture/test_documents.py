"""What every operation of every version owes its readers."""

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.architecture.descriptions import optional_members, undescribed
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import ALL, VERSIONS, Operation, document, example, operations

# Their examples name a mailed token, or posts, that are not there, which these say with 400.
NAME_NOTHING_REAL = {
    *("auth.verify", "verifications.create", "password_resets.confirm", "identity_confirmations.create"),
    "posts.get_many",
}
SPARSE = {
    f"PartialPost.{name}"
    for name in (
        *("v1_id", "updated_at", "published_at", "view_count", "title", "status", "content", "author_id", "id"),
        *("author", "created_at", "attachments"),
    )
} | {"ForbiddenProblem.required_scope", "200.id"}
"""Members that a client leaves out with ``fields``, one that a problem in the result of a batch may lack, and the
position that some messages of a stream lack."""
TOY = {"$ref": "#/components/schemas/Toy"}
SMALL: dict[str, Any] = {
    "paths": {
        "/toys": {
            "post": {
                "tags": ["toys"],
                "summary": "Create a toy",
                "description": "Create a toy.",
                "parameters": [{"name": "dry", "in": "query", "description": "Whether to create it."}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"properties": {"name": {"description": "The name."}}}}}
                },
                "responses": {
                    "201": {
                        "description": "Created",
                        "headers": {"Location": {"description": "The URL."}},
                        "content": {"application/json": {"schema": {"type": "array", "items": TOY}}},
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Toy": {
                "required": ["parts"],
                "properties": {"parts": {"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]}},
            },
            "Part": {
                "description": "A part.",
                "required": ["size"],
                "properties": {"size": {"description": "In centimetres."}},
            },
        }
    },
}
by_name = pytest.mark.parametrize("operation", ALL, ids=lambda operation: f"{operation.version}-{operation.name}")


@pytest.mark.parametrize("version", VERSIONS)
def test_operation_ids_are_unique(version: str) -> None:
    counted = Counter(operation.name for operation in operations(version))
    assert [name for name, times in counted.items() if times > 1] == []


@by_name
def test_an_operation_is_described(operation: Operation) -> None:
    whole = document(operation.version)
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", operation.name), "named resource.verb"
    assert set(operation.spec["tags"]) <= {tag["name"] for tag in whole["tags"]}
    assert undescribed(whole, operation.spec) == []


@by_name
def test_a_response_has_every_member(operation: Operation) -> None:
    found = set(optional_members(document(operation.version), operation.spec))
    assert found <= SPARSE, "output schemas have no defaults"


def test_a_missing_description_is_found() -> None:
    """Each description of the smallest document is needed."""
    assert undescribed(SMALL, SMALL["paths"]["/toys"]["post"]) == []
    removed = 0
    for path in descriptions(SMALL):
        damaged = deepcopy(SMALL)
        part: Any = damaged
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = " "
        assert undescribed(damaged, damaged["paths"]["/toys"]["post"]), path
        removed += 1
    assert removed == 8


def test_a_member_that_may_be_missing_is_found() -> None:
    damaged = deepcopy(SMALL)
    damaged["components"]["schemas"]["Toy"]["required"] = []
    assert optional_members(SMALL, SMALL["paths"]["/toys"]["post"]) == []
    assert optional_members(damaged, damaged["paths"]["/toys"]["post"]) == ["Toy.parts"]


def descriptions(part: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """The paths of all descriptions and summaries within a part of a document."""
    steps = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for step, inner in steps:
        if step in {"description", "summary"} and isinstance(inner, str):
            yield (*path, step)
        yield from descriptions(inner, *path, step)


@by_name
def test_an_operation_declares_how_it_fails(operation: Operation) -> None:
    responses = operation.spec["responses"]
    assert {"422", "429", "500", "503"} <= set(responses)
    if operation.needs_caller:
        assert {"401", "403"} <= set(responses)
    media_type = DIALECTS[operation.version].failure_type
    for status, response in responses.items():
        assert response["description"], status
        if int(status) >= 400:
            assert list(response["content"]) == [media_type], status


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_examples_work(test_app: TestApp, version: str) -> None:
    """A request made of nothing but examples is understood; whether the thing it names exists is another matter."""
    refused = []
    async with test_app.client() as client:
        for operation in operations(version):
            body = operation.body
            query = {
                parameter["name"]: example(parameter["schema"], version)
                for parameter in operation.parameters("query")
                if parameter["required"]
            }
            form = operation.media_type == "application/x-www-form-urlencoded"
            response = await client.request(
                operation.method,
                operation.url(),
                params=query,
                json=None if form else body,
                data=body if form else None,
            )
            misunderstood = {415, 422} if operation.name in NAME_NOTHING_REAL else {400, 415, 422}
            if response.status_code in misunderstood:
                refused.append((operation.name, response.status_code, response.text))
    assert refused == []
