"""A value that only one of two schemas accepts decides about a change, for every combination of keywords."""

from typing import Any

import jsonschema_rs
import pytest

from contracts.compat import diff
from tests.contracts.compat.documents import body, document
from tests.contracts.compat.random_schemas import SchemaGenerator

Json = Any
_PAIRS = {"type": "string", "pattern": "^(ab)+$"}
_ENDS_IN_B = {"type": "string", "pattern": "b$"}
_LIST = {"type": "array"}
_TWO = {"type": "array", "uniqueItems": True, "minContains": 2, "maxContains": 2}
_NO_NULL = {"type": "null", "if": {"type": "integer"}, "else": {"type": "number"}}
_CLOSED = {"type": "object", "properties": {"p": {"type": "boolean"}, "q": {}}, "additionalProperties": False}
_UNTYPED = {"properties": {"p": {"type": "boolean"}}}


def _document(schema: Json, *, sent: bool) -> Json:
    content = body({"type": "object", "properties": {"v": schema}, "required": ["v"]})
    response = {"description": "ok", **({} if sent else content)}
    operation = {"operationId": "put", "responses": {"200": response}}
    if sent:
        operation["requestBody"] = {"required": True, **content}
    return document({"/things": {"post": operation}})


def _report(old: Json, new: Json, *, sent: bool) -> Any:
    return diff(_document(old, sent=sent), _document(new, sent=sent))


@pytest.mark.parametrize("seed", range(8))
def test_a_value_that_only_one_side_accepts_is_a_breaking_change(seed: int) -> None:
    generator, decided = SchemaGenerator(seed), 0
    values = generator.values(150)
    for _ in range(60):
        old = generator.schema()
        new = generator.change(old)
        accepted = [
            [jsonschema_rs.Draft202012Validator(one, validate_formats=False).is_valid(value) for value in values]
            for one in (old, new)
        ]
        pairs = list(zip(values, *accepted, strict=True))
        if not any(accepted[0]) or not any(accepted[1]):
            continue
        rejected = [value for value, before, after in pairs if before and not after]
        possible = [value for value, before, after in pairs if after and not before]
        if rejected:
            decided += 1
            assert _report(old, new, sent=True).breaks, (old, new, rejected[0])
        report = _report(old, new, sent=False)
        # Clients ignore fields that they do not know.
        if possible and not any("additional-properties-opened" in finding.rule for finding in report):
            decided += 1
            assert report.breaks, (old, new, possible[0])
    assert decided > 20


@pytest.mark.parametrize(
    ("old", "new", "sent"),
    [
        ({**_LIST, "contains": {"type": ["string", "null"]}}, {**_LIST, "contains": _LIST}, False),
        ({**_LIST, "contains": {"const": 1}, "maxContains": 1}, {**_LIST, "contains": {}, "maxContains": 1}, True),
        ({"oneOf": [{"type": "object", **_UNTYPED}]}, {"oneOf": [_UNTYPED]}, False),
        ({**_PAIRS, "maxLength": 10}, {**_PAIRS, "maxLength": 9}, True),
        ({**_ENDS_IN_B, "maxLength": 4}, {**_ENDS_IN_B, "maxLength": 3}, True),
        ({"oneOf": [{"type": "null"}, {"type": "object"}]}, {"oneOf": [_NO_NULL, {"type": "object"}]}, True),
        ({**_TWO, "contains": {"type": ["string", "null"]}}, {**_TWO, "contains": {}}, True),
    ],
    ids=[
        "an item that is a list",
        "two matching items",
        "the only variant without a type",
        "a length of a pattern",
        "a length of a pattern without anchors",
        "null, although a variant has its type",
        "two different items",
    ],
)  # fmt: skip
def test_such_a_value_is_found(old: Json, new: Json, sent: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert _report(old, new, sent=sent).breaks


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "minLength": 1, "pattern": "^[ab]+$"}, {"type": "string", "pattern": "^[ab]+$"}),
        ({**_PAIRS, "maxLength": 11}, {**_PAIRS, "maxLength": 10}),
        ({"type": "boolean"}, {"type": "boolean", "format": "int32"}),
        ({"type": "integer"}, {"type": "integer", "format": "date"}),
        ({"not": _CLOSED}, {"not": _CLOSED, "minProperties": 0}),
    ],
    ids=["a length of 1", "a length that the pattern excludes", "no number", "no string", "an excluded closed object"],
)  # fmt: skip
def test_a_change_without_such_a_value_is_safe(old: Json, new: Json) -> None:
    for before, after in ((old, new), (new, old)):
        for sent in (True, False):
            assert not _report(before, after, sent=sent).breaks


def test_a_variant_is_compared_with_its_counterpart_only() -> None:
    number = {"if": {}, "then": {"type": "number"}}
    old, new = (
        {"type": "object", "properties": {"p": {"const": 1}, "q": schema}, "required": ["p"]}
        for schema in ({}, {"type": "integer"})
    )
    assert _report({"anyOf": [old, number]}, {"anyOf": [new, number]}, sent=True).breaks
