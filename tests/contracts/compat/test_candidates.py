"""Among the values that are tried for two schemas are those at the boundaries of every keyword."""

from typing import Any

import jsonschema_rs
import pytest

from contracts.compat.candidates import CandidateGenerator

Json = Any
SECRET = "the only text"
CONST = {"const": SECRET}
DEFINITIONS = {"Text": CONST, "Loop": {"anyOf": [{"$ref": "#/$defs/Loop"}, CONST]}}


def accept(schema: Json, values: list[Json]) -> list[bool]:
    validator = jsonschema_rs.Draft202012Validator({"$defs": DEFINITIONS, "allOf": [schema]})
    return [validator.is_valid(value) for value in values]


def generated(*schemas: Json) -> list[Json]:
    return CandidateGenerator(DEFINITIONS, accept).generate(schemas)


def has(values: list[Json], wanted: Json) -> bool:
    """Whether the value is there: ``1`` and ``true`` are different ones."""
    return any(repr(value) == repr(wanted) for value in values)


@pytest.mark.parametrize(
    "schema",
    [
        CONST,
        {"enum": [1, SECRET]},
        *({keyword: [{}, CONST]} for keyword in ("allOf", "anyOf", "oneOf")),
        *({keyword: CONST} for keyword in ("not", "if", "then", "else")),
        {"dependentSchemas": {"p": CONST}},
        {"$ref": "#/$defs/Text"},
        {"$ref": "#/$defs/Loop"},
        {"anyOf": [{"oneOf": [{"not": {"if": CONST}}]}]},
    ],
    ids=str,
)
def test_a_constant_is_found_wherever_it_applies(schema: Json) -> None:
    assert has(generated(schema), SECRET)
    assert has(generated({}, schema), SECRET), "in the schema of either side"
    assert has(generated({"properties": {"p": schema}}), {"p": SECRET})
    assert has(generated({"items": schema}), [SECRET])


@pytest.mark.parametrize("value", [None, True, False, 0, 1, -1, 0.5, "", "a", [], {}])
def test_a_value_of_every_type_is_tried(value: Json) -> None:
    assert has(generated({}), value)


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"minItems": 4}, [3, 4, 5]),
        ({"maxItems": 7}, [6, 7, 8]),
        ({"contains": {}, "minContains": 5}, [4, 5, 6]),
        ({"contains": {}, "maxContains": 9}, [8, 9, 10]),
        ({"prefixItems": [{}] * 6}, [5, 6, 7]),
        ({"items": {}, "minItems": 40}, [39, 40]),
    ],
)
def test_lists_have_the_lengths_around_a_bound(schema: Json, values: list[int]) -> None:
    lengths = {len(value) for value in generated(schema) if isinstance(value, list)}
    assert set(values) <= lengths
    assert {0, 1, 2, 3} <= lengths
    assert max(lengths) <= 40


@pytest.mark.parametrize(
    ("schema", "sizes"),
    [({"minProperties": 4}, [3, 4, 5]), ({"maxProperties": 6}, [5, 6, 7]), ({"minProperties": 40}, [39, 40])],
)
def test_objects_have_the_sizes_around_a_bound(schema: Json, sizes: list[int]) -> None:
    found = {len(value) for value in generated(schema) if isinstance(value, dict)}
    assert set(sizes) <= found
    assert max(found) <= 40


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"required": ["a", "b"]}, [{"a": None, "b": None}, {"a": None}, {"b": None}]),
        (
            {"required": ["a"], "properties": {"a": CONST, "b": {"const": 2}}},
            [{"a": SECRET}, {"a": SECRET, "b": 2}, {"b": 2}, {"a": None, "b": 2}],
        ),
        ({"properties": {"a": {"type": "integer", "minimum": 7}}}, [{"a": 7}, {}]),
        ({"dependentRequired": {"a": ["b"]}}, [{"a": None}, {"b": None}]),
        ({"patternProperties": {"^ab$": CONST}}, [{"ab": SECRET}]),
        ({"propertyNames": {"enum": ["left", "right"]}}, [{"left": None}, {"right": None}]),
        ({"additionalProperties": CONST}, [{"x-undeclared": SECRET}]),
        ({"unevaluatedProperties": CONST}, [{"x-undeclared": SECRET}]),
        ({"additionalProperties": False}, [{"x-undeclared": 1}, {"x-undeclared": "a"}]),
        (
            {"properties": {"kind": {"const": "cat"}, "name": {"const": "Tom"}}},
            [{"kind": "cat"}, {"name": "Tom"}, {"kind": "cat", "name": "Tom"}],
        ),
        ({"properties": {"kind": {"enum": ["cat", "dog"]}, "n": {}}}, [{"kind": "cat"}, {"kind": "dog"}]),
    ],
    ids=str,
)
def test_objects_have_and_lack_each_field(schema: Json, values: list[Json]) -> None:
    found = [value for value in generated(schema) if isinstance(value, dict)]
    missing = [
        value
        for value in values
        if not any(value == one or (None in value.values() and value.keys() == one.keys()) for one in found)
    ]
    assert not missing


def test_items_of_a_list_are_mixed() -> None:
    found = generated({"prefixItems": [{"const": "first"}, {"const": "second"}], "items": {"const": "rest"}})
    assert has(found, ["first", "second", "rest"])
    assert has(found, ["first", "second"])
    assert has(found, ["first"])
    pairs = generated({"items": {"enum": ["x", "y"]}, "uniqueItems": True})
    for wanted in (["x"], ["x", "x"], ["x", "y"], ["x", "x", "y"], ["x", "y", "y"]):
        assert has(pairs, wanted)


def test_values_are_tried_once_and_their_number_is_bounded() -> None:
    found = generated({"enum": ["a", "a", 1, True, 1.0]})
    assert len({repr(value) for value in found}) == len(found)
    assert len(generated({"enum": list(range(9_000))})) == 4_000
