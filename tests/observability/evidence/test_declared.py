"""Which elements of evidence a contract declares, and which of them are deprecated."""

import pytest

from observability.evidence.declared import DeclaredElements
from tests.support.exchanges import content, parameter, reference

GONE = {"type": "string", "deprecated": True}
BODY = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "old": GONE,
        "tags": {"type": "array", "items": {"type": "object", "properties": {"name": GONE}}},
        "labels": {"type": "object", "additionalProperties": {"type": "object", "properties": {"color": {}}}},
    },
}
PARAMETERS = [
    parameter("query", "limit", {"type": "integer"}),
    parameter("query", "sort", {"type": "array", "items": {"type": "string"}}, deprecated=True),
    parameter("header", "If-Match", {"type": "string"}),
    parameter("cookie", "Seat", {"type": "string"}),
    {"in": "query", "name": "raw", "content": {"application/json": {}}},
]
DOCUMENT = {
    "paths": {
        "/posts/{post_id}": {
            "parameters": [parameter("path", "post_id", {"type": "string"})],
            "post": {
                "deprecated": True,
                "parameters": PARAMETERS,
                "requestBody": {
                    "content": content(reference("schemas", "Body"))["content"]
                    | content({"properties": {"age": {}}}, "application/x-www-form-urlencoded")["content"]
                    | content({"properties": {"line": {}}}, "text/csv")["content"]
                },
                "responses": {
                    "200": content({"type": "array", "items": {"properties": {"id": {}, "old": GONE}}}),
                    "2XX": content({"type": "object", "properties": {"accepted": {}}}),
                    "404": content({"type": "object", "properties": {"detail": {}}}, "application/problem+json"),
                },
            },
            "get": {"responses": {"204": {}}},
        },
        "/both": {
            "put": {
                "requestBody": content(
                    {"oneOf": [{"properties": {"kind": GONE, "all": GONE}}, {"properties": {"kind": {}, "all": GONE}}]}
                ),
                "responses": {},
            }
        },
    },
    "components": {"schemas": {"Body": BODY}},
}
EDIT = "POST /posts/{post_id}"


@pytest.fixture(scope="module")
def declared() -> DeclaredElements:
    return DeclaredElements(DOCUMENT)


@pytest.mark.parametrize(
    "element",
    [
        "path:post_id",
        "query:limit",
        "query:sort",
        "query:sort/*",
        "query:raw",
        "header:if-match",
        "cookie:Seat",
        "media:application/json",
        "body:/title",
        "body:/tags/*/name",
        "body:/labels/*/color",
        "body:/age",
        "reads:/*/id",
        "reads:/accepted",
    ],
)
def test_what_an_operation_declares(declared: DeclaredElements, element: str) -> None:
    assert declared.declares(EDIT, element)
    assert not declared.declares("GET /posts/{post_id}", element) or element.startswith("path:")
    assert not declared.declares("POST /other", element)


@pytest.mark.parametrize(
    "element",
    [
        "query:if-match",
        "query:Limit",
        "header:limit",
        "cookie:seat",
        "media:text/plain",
        "body:/titles",
        "body:/title/length",
        "body:/tags/name",
        "body:/*",
        "body:/line",
        "body:/id",
        "reads:/title",
        "reads:/detail",
        "status:200",
        "security:key",
    ],
)
def test_what_it_does_not(declared: DeclaredElements, element: str) -> None:
    assert not declared.declares(EDIT, element)
    assert not declared.is_deprecated(EDIT, element)


def test_an_element_is_deprecated_if_each_of_its_declarations_is(declared: DeclaredElements) -> None:
    used = ("query:limit", "query:sort", "body:/title", "body:/old", "body:/tags/*/name", "reads:/*/id", "reads:/*/old")
    found = [element for element in used if declared.is_deprecated(EDIT, element)]
    assert found == ["query:sort", "body:/old", "body:/tags/*/name", "reads:/*/old"]
    assert not declared.is_deprecated("PUT /both", "body:/kind"), "one of two variants still has it"
    assert declared.is_deprecated("PUT /both", "body:/all")


def test_operations(declared: DeclaredElements) -> None:
    assert [declared.has_operation(name) for name in (EDIT, "GET /posts/{post_id}", "PUT /posts/{post_id}")] == [
        True,
        True,
        False,
    ]
    names = (EDIT, "GET /posts/{post_id}", "DELETE /posts/{post_id}", "GET /other")
    assert [declared.is_deprecated_operation(name) for name in names] == [True, False, False, False]
