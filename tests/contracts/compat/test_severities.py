"""Severities of realistic changes, above all of those that look breaking but are safe."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from contracts.compat import diff
from tests.contracts.compat.documents import (
    body,
    document,
    operation,
    parameter,
    with_parameters,
    with_request,
    with_responses,
)

Json = Any
POST: Json = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": "string", "maxLength": 100},
        "state": {"type": "string", "enum": ["draft", "live"]},
        "parent": {"$ref": "#/components/schemas/Post"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
DRAFT: Json = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "maxLength": 100},
        "state": {"type": "string", "enum": ["draft", "live"]},
    },
}


def blog() -> Json:
    """A small API with separate schemas for requests and responses."""
    shown = {"description": "", **body({"$ref": "#/components/schemas/Post"})}
    page = body({"type": "array", "items": {"$ref": "#/components/schemas/Post"}})
    return copy.deepcopy(
        document(
            {
                "/posts": {
                    "get": {
                        "operationId": "list",
                        "parameters": [parameter("limit", schema={"type": "integer", "maximum": 50}), parameter("q")],
                        "responses": {"200": {"description": "", **page}, "404": {"description": ""}},
                    },
                    "post": {
                        "operationId": "create",
                        "requestBody": body({"$ref": "#/components/schemas/Draft"}, required=True),
                        "responses": {"201": shown},
                    },
                },
                "/posts/{id}": {
                    "parameters": [parameter("id", "path", {"type": "integer"}, required=True)],
                    "get": {"operationId": "read", "responses": {"200": shown}},
                },
            },
            components={"schemas": {"Post": POST, "Draft": DRAFT}},
            servers=[{"url": "https://a.example"}],
        )
    )


def change(path: str, value: Json = ...) -> Callable[[Json], None]:
    """A function that sets the value at a path of names, or removes it."""

    def apply(doc: Json) -> None:
        *parents, last = path.split(" ")
        for name in parents:
            doc = doc[int(name) if isinstance(doc, list) else name]
        if value is ...:
            del doc[int(last) if isinstance(doc, list) else last]
        elif isinstance(doc, list):
            doc.insert(int(last), value)
        else:
            doc[last] = value

    return apply


DRAFT_AT, POST_AT = "components schemas Draft", "components schemas Post"
LIST = "paths /posts get"
SAFE = {
    "description": change(f"{POST_AT} description", "A description."),
    "optional request field": change(f"{DRAFT_AT} properties note", {"type": "string"}),
    "response field": change(f"{POST_AT} properties note", {"type": "string"}),
    "required response field": change(f"{POST_AT} required 0", "tags"),
    "longer request field": change(f"{DRAFT_AT} properties title maxLength", 200),
    "unlimited request field": change(f"{DRAFT_AT} properties title maxLength"),
    "shorter response field": change(f"{POST_AT} properties title maxLength", 50),
    "request enum value": change(f"{DRAFT_AT} properties state enum 0", "archived"),
    "fewer response enum values": change(f"{POST_AT} properties state enum 0"),
    "request field no longer required": change(f"{DRAFT_AT} required 0"),
    "nullable request field": change(f"{DRAFT_AT} properties title type", ["null", "string"]),
    "optional parameter": change(f"{LIST} parameters 0", parameter("new", "header")),
    "higher maximum": change(f"{LIST} parameters 0 schema maximum", 100),
    "response header": change(f"{LIST} responses 200 headers", {"X-Count": {"schema": {"type": "integer"}}}),
    "error response": change(f"{LIST} responses 429", {"description": ""}),
    "operation": change("paths /posts delete", {"responses": {"204": {"description": ""}}}),
    "path": change("paths /tags", {"get": {"responses": {"200": {"description": ""}}}}),
    "server": change("servers 0", {"url": "https://b.example"}),
    "example": change(f"{POST_AT} examples", [{"id": 1, "$ref": "nowhere"}]),
    "tag": change(f"{LIST} tags", ["posts"]),
    "extension": change(f"{LIST} x-internal", {"$ref": "nowhere"}),
    "unused component": change("components schemas Unused", {"type": "string"}),
    "info": change("info version", "9"),
    "path parameter of any text": change("paths /posts/{id} parameters 0 schema type", "string"),
    "request media type": change("paths /posts post requestBody content text/csv", {}),
    "response media type": change(f"{LIST} responses 200 content text/csv", {}),
}
BREAKING = {
    "required request field": change(f"{DRAFT_AT} required 0", "state"),
    "new required request field": lambda doc: [
        change(f"{DRAFT_AT} properties note", {"type": "string"})(doc),
        change(f"{DRAFT_AT} required 0", "note")(doc),
    ],
    "response field removed": change(f"{POST_AT} properties tags"),
    "response field optional": change(f"{POST_AT} required 0"),
    "nullable response field": change(f"{POST_AT} properties title type", ["string", "null"]),
    "response enum value": change(f"{POST_AT} properties state enum 0", "archived"),
    "request enum value removed": change(f"{DRAFT_AT} properties state enum 0"),
    "lower maximum": change(f"{LIST} parameters 0 schema maximum", 10),
    "type of a response field": change(f"{POST_AT} properties id type", "string"),
    "type of a deep response field": change(f"{POST_AT} properties tags items type", "integer"),
    "type of a path parameter": change("paths /posts/{id} parameters 0 schema type", "boolean"),
    "parameter removed": change(f"{LIST} parameters 1"),
    "parameter required": change(f"{LIST} parameters 1 required", value=True),
    "operation removed": change("paths /posts get"),
    "path removed": change("paths /posts/{id}"),
    "operation renamed": change(f"{LIST} operationId", "index"),
    "response removed": change("paths /posts post responses 201"),
    "body removed": change("paths /posts post requestBody"),
    "security": change("security", [{"key": []}]),
    "response field of a closed union": change(
        f"{POST_AT} properties tags items", {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    ),
}


@pytest.mark.parametrize("name", SAFE)
def test_the_change_is_safe(name: str) -> None:
    new = blog()
    SAFE[name](new)
    report = diff(blog(), new)
    assert not report.breaks, report.findings


@pytest.mark.parametrize("name", BREAKING)
def test_the_change_is_breaking(name: str) -> None:
    new = blog()
    BREAKING[name](new)
    assert diff(blog(), new).breaks


def compare_request_schemas(old: Json, new: Json, **components: Json) -> list[tuple[str, str]]:
    sides = [with_request(body(one)) | {"components": {"schemas": components}} for one in (old, new)]
    return [(finding.rule, finding.severity.value) for finding in diff(*sides)]


THING = {"type": "object", "properties": {"a": {"type": "string"}}}
SAME_MEANING = {
    "null in a type list or in a union": (
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ),
    "a constant or an enum of one": ({"const": "a"}, {"type": "string", "enum": ["a"]}),
    "constants or an enum": ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "string", "enum": ["b", "a"]}),
    "types or a union of them": ({"type": ["string", "integer"]}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    "allOf or one schema": ({"allOf": [THING, {"type": "object", "required": ["a"]}]}, THING | {"required": ["a"]}),
    "nested allOf": ({"allOf": [{"allOf": [{"$ref": "#/components/schemas/T"}]}]}, THING),
    "a union of one": ({"oneOf": [{"$ref": "#/components/schemas/T"}]}, THING),
    "a reference with a description": ({"$ref": "#/components/schemas/T", "description": "D"}, THING),
    "true or an empty schema for additional properties": (
        THING | {"additionalProperties": True},
        THING | {"additionalProperties": {}},
    ),
    "true or an empty schema for items": ({"type": "array", "items": True}, {"type": "array", "items": {}}),
    "a minimum length of 0": ({"type": "string", "minLength": 0}, {"type": "string"}),
    "numbers": ({"type": "number", "maximum": 1}, {"type": ["integer", "number"], "maximum": 1.0}),
    "order of keys": ({"type": "object", "required": ["a", "b"]}, {"required": ["b", "a"], "type": "object"}),
    "variants in another order": ({"oneOf": [THING, {"type": "string"}]}, {"oneOf": [{"type": "string"}, THING]}),
    "integers below or up to": ({"type": "integer", "exclusiveMaximum": 5}, {"type": "integer", "maximum": 4}),
    "no additional properties": (
        THING | {"additionalProperties": {"not": {}}},
        THING | {"additionalProperties": False},
    ),
    "a format without effect": ({"type": "integer"}, {"type": "integer", "format": "int64"}),
    "a list of one type": ({"type": ["string"]}, {"type": "string"}),
}


@pytest.mark.parametrize("name", SAME_MEANING)
def test_schemas_with_the_same_meaning_are_equal(name: str) -> None:
    old, new = SAME_MEANING[name]
    assert compare_request_schemas(old, new, T=THING) == []
    assert compare_request_schemas(new, old, T=THING) == []


def test_an_enum_that_becomes_a_string_with_limits_is_safe() -> None:
    assert compare_request_schemas({"enum": ["a"]}, {"type": "string", "maxLength": 5, "pattern": "a"}) == [
        ("request-body-enum-dropped", "safe")
    ]


def test_recursive_schemas_are_compared_once() -> None:
    tree = {
        "type": "object",
        "properties": {"left": {"$ref": "#/components/schemas/Tree"}, "right": {"$ref": "#/components/schemas/Tree"}},
    }
    leaf = {"properties": {"up": {"$ref": "#/components/schemas/Tree"}, "name": {"type": "string"}}}
    old = with_responses(_200=body({"$ref": "#/components/schemas/Tree"}))
    old["components"] = {"schemas": {"Tree": {"allOf": [tree, {"$ref": "#/components/schemas/Leaf"}]}, "Leaf": leaf}}
    new = copy.deepcopy(old)
    new["components"]["schemas"]["Leaf"]["properties"]["name"]["type"] = "integer"
    assert [finding.pointer for finding in diff(old, new)] == ["/components/schemas/Leaf/properties/name/type"]


def test_circular_references_are_equal_to_themselves() -> None:
    circle = {
        "A": {"$ref": "#/components/schemas/B"},
        "B": {"$ref": "#/components/schemas/A"},
        "C": {"anyOf": [{"$ref": "#/components/schemas/C"}, {"type": "null"}]},
    }
    for name in circle:
        assert (
            compare_request_schemas(
                {"$ref": f"#/components/schemas/{name}"}, {"$ref": f"#/components/schemas/{name}"}, **circle
            )
            == []
        )


def test_a_change_of_a_shared_schema_is_reported_once_with_all_operations() -> None:
    new = blog()
    change(f"{POST_AT} properties id type", "string")(new)
    (finding,) = diff(blog(), new)
    assert finding.operation == "GET /posts"
    assert finding.operations == ("GET /posts", "POST /posts", "GET /posts/{id}")


def test_openapi_3_0_has_its_own_keywords() -> None:
    def openapi_3_0(schema: Json) -> Json:
        return {**with_request(body(schema)), "openapi": "3.0.3", "components": {"schemas": {"T": THING}}}

    nullable, bounded = {"type": "string", "nullable": True}, {"type": "number", "maximum": 5}
    assert diff(openapi_3_0(nullable), openapi_3_0({"type": "string"})).breaks
    assert diff(openapi_3_0(bounded), openapi_3_0({**bounded, "exclusiveMaximum": True})).breaks
    reference = {"$ref": "#/components/schemas/T"}
    assert diff(openapi_3_0(reference), openapi_3_0({**reference, "required": ["a"]})).findings == ()


def test_a_parameter_can_move_from_an_operation_to_its_path() -> None:
    listed = operation(parameters=[parameter("q")])
    shared = document(
        {
            "/things": {
                "parameters": [parameter("q")],
                "get": {"responses": listed["paths"]["/things"]["get"]["responses"]},
            }
        }
    )
    assert diff(listed, shared).findings == ()


def test_a_status_can_replace_its_range() -> None:
    text = body({"type": "string"})
    assert not diff(with_responses(_2XX=text), with_responses(_200=text)).breaks
    assert diff(with_responses(_2XX=text), with_responses(_200=body({"type": "integer"}))).breaks


def test_a_change_of_an_unused_security_scheme_is_safe() -> None:
    old, new = (
        {"components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": name}}}} for name in "ab"
    )
    assert not diff(operation() | old, operation() | new).breaks
    required = {"security": [{"key": []}]}
    assert diff(operation(**required) | old, operation(**required) | new).breaks


def test_headers_that_openapi_ignores_are_ignored() -> None:
    assert diff(with_parameters(parameter("Accept", "header")), operation()).findings == ()
