"""Keywords that no single rule is about: each change of them is found, in a request and in a response."""

import json
from typing import Any

import pytest

from contracts.compat import diff
from contracts.compat.catalogue.change import Context
from tests.contracts.compat.documents import at

Json = Any
TEXT = {"type": "string"}
INT = {"type": "integer"}
NOTHING: Json = {"not": {}}


def names(**members: Json) -> Json:
    return {"type": "object", "propertyNames": members}


def tuple_of(*items: Json, **members: Json) -> Json:
    return {"type": "array", "prefixItems": list(items), **members}


CASES = {
    "names with another pattern": (
        names(pattern="^a"),
        names(pattern="^b"),
        ("breaking pattern-changed", "breaking pattern-changed", "/propertyNames/pattern"),
    ),
    "names that become limited": (
        {"type": "object"},
        names(maxLength=3),
        ("breaking max-length-added", "safe max-length-added", "/propertyNames/maxLength"),
    ),
    "names that are limited no longer": (
        names(maxLength=3),
        {"type": "object"},
        ("safe max-length-removed", "breaking max-length-removed", "/propertyNames/maxLength"),
    ),
    "fields of a pattern": (
        {"type": "object", "patternProperties": {"^x": TEXT}},
        {"type": "object", "patternProperties": {"^x": INT}},
        ("breaking type-changed", "breaking type-changed", "/patternProperties/^x/type"),
    ),
    "the first item": (
        tuple_of(TEXT, INT),
        tuple_of(INT, INT),
        ("breaking type-changed", "breaking type-changed", "/prefixItems/0/type"),
    ),
    "the second item": (
        tuple_of(TEXT, INT),
        tuple_of(TEXT, TEXT),
        ("breaking type-changed", "breaking type-changed", "/prefixItems/1/type"),
    ),
    "an item that becomes one of the rest": (
        tuple_of(TEXT, INT, items=TEXT),
        tuple_of(TEXT, items=TEXT),
        ("breaking type-changed", "breaking type-changed", "/items/type"),
    ),
    "one of the rest that becomes an item": (
        tuple_of(TEXT, items=TEXT),
        tuple_of(TEXT, INT, items=TEXT),
        ("breaking type-changed", "breaking type-changed", "/prefixItems/1/type"),
    ),
    "the rest of the items": (
        tuple_of(TEXT, items=TEXT),
        tuple_of(TEXT, items=INT),
        ("breaking type-changed", "breaking type-changed", "/items/type"),
    ),
    "no value": (TEXT, NOTHING, ("breaking type-narrowed", "safe type-narrowed", "/schema")),
    "any value": (NOTHING, TEXT, ("safe type-widened", "breaking type-widened", "/type")),
    "null in OpenAPI 3.0": (
        {"type": "string", "nullable": True},
        TEXT,
        ("breaking became-not-nullable", "safe became-not-nullable", "/type"),
    ),
    "a number with a fraction": (
        {"const": 1},
        {"const": 1.5},
        ("breaking const-changed", "breaking const-changed", "/const"),
    ),
    "an array and an object": (
        {"const": [1]},
        {"const": {"a": 1}},
        ("breaking const-changed", "breaking const-changed", "/const"),
    ),
    "a boolean that is no number": (
        {"enum": [True, 1]},
        {"enum": [True]},
        ("breaking enum-value-removed", "safe enum-value-removed", "/enum"),
    ),
    "a default of a request": (
        {**TEXT, "default": "a"},
        TEXT,
        ("warning default-removed", "safe default-removed", "/default"),
    ),
}


def in_its_version(context: Context, schema: Json) -> Json:
    """A document of OpenAPI 3.0 if the schema has `nullable`, which later versions ignore."""
    version = {"openapi": "3.0.3"} if "nullable" in schema else {}
    return at(context, schema) | version


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("context", [Context.BODY, Context.RESPONSE])
def test_a_change_of_a_keyword_is_found(name: str, context: Context) -> None:
    # Equal parts of a document must not be one object: objects are compared once.
    old, new, (in_request, in_response, pointer) = json.loads(json.dumps(CASES[name]))
    found = diff(in_its_version(context, old), in_its_version(context, new))
    (finding,) = (one for one in found if one.rule != "openapi-version-changed")
    severity, rule = (in_request if context is Context.BODY else in_response).split()
    assert (finding.severity.value, finding.rule) == (severity, f"{context.value}-{rule}")
    assert finding.pointer.endswith(pointer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"enum": [1, 2]}, {"enum": [2, 1.0]}),
        ({"type": ["integer", "string"]}, {"type": ["string", "integer"]}),
        (tuple_of(TEXT), tuple_of(TEXT, {})),
    ],
)
@pytest.mark.parametrize("context", [Context.BODY, Context.RESPONSE])
def test_two_spellings_of_one_schema_do_not_differ(old: Json, new: Json, context: Context) -> None:
    found = diff(in_its_version(context, old), in_its_version(context, new))
    assert [finding.rule for finding in found if finding.rule != "openapi-version-changed"] == []
