"""A small contract with one of everything, and exchanges that conform to it."""

from collections import Counter
from collections.abc import Collection
from typing import Any

import orjson

from observability.conformance.exchange import Exchange

Json = dict[str, Any]


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def content(schema: Json, media_type: str = "application/json") -> Json:
    return {"content": {media_type: {"schema": schema}}}


def parameter(place: str, name: str, schema: Json, **more: Any) -> Json:
    return {"in": place, "name": name, "schema": schema, **more}


ITEM: Json = {
    "type": "object",
    "required": ["id", "name", "made"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string", "maxLength": 5},
        "made": {"type": "string", "format": "date-time", "readOnly": True},
        "owner": {"type": "string", "format": "email"},
        "secret": {"type": "string", "writeOnly": True},
        "parts": {"type": "array", "items": reference("schemas", "Item")},
        "kind": {"anyOf": [{"type": "integer"}, reference("schemas", "Kind")]},
    },
    "additionalProperties": {"type": "integer"},
}
DOCUMENT: Json = {
    "openapi": "3.1.0",
    "paths": {
        "/items": {
            "parameters": [parameter("header", "X-Shop", {"enum": ["north", "south"]})],
            "get": {
                "operationId": "items.list",
                "parameters": [
                    parameter("query", "limit", {"type": "integer", "maximum": 10}),
                    parameter("query", "ids", {"type": "array", "items": {"type": "integer"}}),
                    parameter("query", "few", {"type": "array", "maxItems": 2}, explode=False),
                    parameter("query", "flag", {"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
                    parameter("cookie", "seat", {"type": "string", "pattern": "^[a-z]+$"}),
                ],
                "responses": {
                    "200": {
                        "headers": {
                            "X-Total": reference("headers", "Total"),
                            "X-Note": {"schema": {"type": "string"}},
                        },
                        **content({"type": "array", "items": reference("schemas", "Item")}),
                    },
                    "4XX": content({"type": "object"}, "application/problem+json"),
                },
            },
            "post": {
                "operationId": "items.create",
                "requestBody": {"required": True, **content(reference("schemas", "Item"))},
                "responses": {"201": reference("responses", "Made"), "default": {"description": "Anything."}},
            },
        },
        "/items/{item}": {
            "get": {
                "operationId": "items.get",
                "parameters": [reference("parameters", "Item")],
                "responses": {"200": reference("responses", "Made"), "304": {"description": "The same."}},
            },
        },
        "/forms": {
            "post": {
                "operationId": "forms.send",
                "requestBody": content(
                    {"type": "object", "properties": {"age": {"type": "integer"}, "tags": {"type": "array"}}},
                    "application/x-www-form-urlencoded",
                ),
                "responses": {"204": {"description": "Taken."}},
            },
        },
    },
    "components": {
        "schemas": {"Item": ITEM, "Kind": {"type": "object", "properties": {"word": {"const": "a"}}}},
        "headers": {"Total": {"required": True, "schema": {"type": "integer"}}},
        "parameters": {"Item": parameter("path", "item", {"type": "integer", "minimum": 1}, required=True)},
        "responses": {"Made": content(reference("schemas", "Item"))},
    },
}
GOOD: Json = {"id": 1, "name": "abc", "made": "2026-11-24T12:00:00Z", "owner": "ü@example.com", "parts": []}


def exchange(
    operation: str,
    path: str = "",
    status: int = 200,
    *,
    answer: Any = None,
    sent: Any = None,
    headers: dict[str, str] | None = None,
    answered: dict[str, str] | None = None,
) -> Exchange:
    """An exchange of JSON, unless bytes are given. ``operation`` is a method and a template below the prefix."""
    method, _, template = operation.partition(" ")
    target, _, query = (path or template).partition("?")
    request_fields = {"content-type": "application/json"} | (headers or {})
    response_fields = {"content-type": "application/json"} | (answered or {})
    return Exchange(
        version="v9",
        route=f"/api/v9{template}",
        method=method,
        path=f"/api/v9{target}",
        query=query.encode(),
        status=status,
        request_headers=[(name.encode(), value.encode()) for name, value in request_fields.items()],
        request_body=[body(sent)],
        response_headers=[(name.encode(), value.encode()) for name, value in response_fields.items() if value],
        response_body=[body(answer)],
        request_id="r",
        trace_id="t",
        span_id="s",
    )


def body(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b"" if value is None else orjson.dumps(value)


class Ledger:
    """Counts results as the metrics do."""

    def __init__(self) -> None:
        self.checked: Counter[tuple[str, str, bool]] = Counter()
        self.violations: Counter[tuple[str, str, str, str]] = Counter()
        self.dropped: Counter[str] = Counter()
        self.expected: tuple[list[str], set[str]] = ([], set())

    def start_at_zero(self, versions: Collection[str], reasons: Collection[str]) -> None:
        self.expected = (list(versions), set(reasons))

    def count_checked(self, version: str, direction: str, *, conforms: bool) -> None:
        self.checked[version, direction, conforms] += 1

    def count_violation(self, version: str, route: str, direction: str, rule: str) -> None:
        self.violations[version, route, direction, rule] += 1

    def count_dropped(self, reason: str) -> None:
        self.dropped[reason] += 1
