"""Comparison of two versions of one API with declared successors of operations."""

from typing import Any

import pytest

from contracts.compat import diff

SUCCESSORS = {
    "GET /auth/me": "GET /me",
    "PUT /posts/{post}": "PATCH /posts/{id}",
    "GET /users/{user}/posts": "GET /posts",
}


def operation(field: str, *parameters: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}
    response = {"description": "", "content": {"application/json": {"schema": schema}}}
    listed = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parameters]
    return {"responses": {"200": response}, "parameters": listed}


def document(operations: dict[str, dict[str, Any]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for name, one in operations.items():
        method, _, path = name.partition(" ")
        paths.setdefault(path, {})[method.lower()] = one
    return {"openapi": "3.1.0", "info": {"title": "", "version": "1"}, "paths": paths}


OLD = document(
    {
        "GET /auth/me": operation("name"),
        "PUT /posts/{post}": operation("title", "post"),
        "GET /users/{user}/posts": operation("items", "user"),
    }
)
NEW = document(
    {
        "GET /me": operation("display_name"),
        "PATCH /posts/{id}": operation("title", "id"),
        "GET /posts": operation("data"),
    }
)


def find_unsafe(pairs: dict[str, str]) -> set[tuple[str, str]]:
    return {(one.rule, one.operation) for one in diff(OLD, NEW, pairs=pairs) if one.severity != "safe"}


def test_a_declared_successor_is_compared_with_the_old_operation() -> None:
    assert find_unsafe(SUCCESSORS) == {
        ("operation-path-changed", "GET /auth/me"),
        ("operation-path-changed", "PUT /posts/{post}"),
        ("operation-path-changed", "GET /users/{user}/posts"),
        ("response-body-property-removed", "GET /me"),
        ("response-body-property-removed", "GET /posts"),
        ("request-parameter-removed", "GET /posts"),
    }
    assert "operation-added" not in {one.rule for one in diff(OLD, NEW, pairs=SUCCESSORS)}


def test_without_a_declared_successor_the_operation_is_removed() -> None:
    assert find_unsafe({}) == {("operation-removed", name) for name in SUCCESSORS}


def test_several_operations_can_have_the_same_successor() -> None:
    both = document({"GET /auth/me": operation("name"), "GET /users/me": operation("full_name")})
    report = diff(both, NEW, pairs={"GET /auth/me": "GET /me", "GET /users/me": "GET /me"})
    removed = [one.pointer for one in report if one.rule == "response-body-property-removed"]
    assert [pointer.rpartition("/")[2] for pointer in removed] == ["name", "full_name"]


def test_a_successor_that_does_not_exist_is_rejected() -> None:
    with pytest.raises(KeyError, match="GET /nowhere"):
        diff(OLD, NEW, pairs={"GET /auth/me": "GET /nowhere"})
