"""Hostile and large documents are compared in bounded time, or rejected."""

import time
from typing import Any

import pytest

from contracts.compat import NotOpenAPI, diff
from tests.contracts.compat.documents import body, operation, with_request, with_responses

Json = Any
# A margin for slow machines: the promised time of a small pair is 0.6 s, and that of a large document 4 s.
MARGIN = 3


def mesh(leaf: str, keyword: str) -> Json:
    """Sixty schemas that are variants of each other."""
    names = [f"S{number}" for number in range(60)]
    schemas = {
        name: {keyword: [{"$ref": f"#/components/schemas/{other}"} for other in names if other != name] + [inner]}
        for name in names
        for inner in [{"type": "object", "required": [name], "properties": {name: {"type": leaf}}}]
    }
    return with_request(body({"$ref": "#/components/schemas/S0"})) | {"components": {"schemas": schemas}}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_schemas_that_are_variants_of_each_other_are_compared_in_bounded_time(keyword: str) -> None:
    start = time.process_time()
    assert diff(mesh("string", keyword), mesh("integer", keyword)).breaks
    assert time.process_time() - start < 10 * MARGIN


def test_variants_of_many_fields_are_compared_in_bounded_time() -> None:
    def wide(limit: int) -> Json:
        fields = {f"f{number}": {"type": "string", "maxLength": 9} for number in range(120)} | {
            "last": {"maxLength": limit}
        }
        variant = {"type": "object", "properties": fields, "required": list(fields), "not": {"required": ["z"]}}
        return with_request(body({"oneOf": [variant, {"type": "integer"}]}))

    start = time.process_time()
    (finding,) = diff(wide(9), wide(8))
    assert time.process_time() - start < 0.6 * MARGIN
    assert finding.pointer.endswith("/last/maxLength")


@pytest.mark.parametrize("multiple", [1e-300, 5e-324, 1e300])
def test_extreme_multiples_are_compared(multiple: float) -> None:
    old, new = ({"type": "number", "multipleOf": one} for one in (multiple, 3.0))
    assert diff(with_request(body(old)), with_request(body(new))).breaks


@pytest.mark.parametrize("name", ["text", 5, {"a": 1}, ["string", "text"]])
def test_an_unknown_type_is_an_error(name: Json) -> None:
    with pytest.raises(NotOpenAPI, match="which is not a type"):
        diff(with_request(body({"type": "string"})), with_request(body({"type": name})))


def test_a_reference_in_a_description_is_text() -> None:
    assert diff(operation(), operation(description={"$ref": "intro.md"})).findings == ()


def test_a_pattern_that_backtracks_is_compared_in_bounded_time() -> None:
    start = time.process_time()
    old, new = ({"type": "string", "pattern": one} for one in ("^(a+)+$", "^((a|a)+)+b$"))
    assert diff(with_request(body(old)), with_request(body(new))).breaks
    assert time.process_time() - start < 0.6 * MARGIN


def test_a_change_that_a_thousand_operations_reach_is_found_once_for_each_cause() -> None:
    def large(limit: int) -> Json:
        schemas: Json = {
            f"S{number}": {
                "type": "object",
                "properties": {
                    "next": {"$ref": f"#/components/schemas/S{(number * 7 + 1) % 1000}"},
                    "name": {"type": "string", "maxLength": limit if number == 0 else 9},
                },
            }
            for number in range(1000)
        }
        shown = [body({"$ref": f"#/components/schemas/S{number}"}) for number in range(1000)]
        paths = {f"/p{number}": with_responses(_200=one)["paths"]["/things"] for number, one in enumerate(shown)}
        return operation() | {"paths": paths, "components": {"schemas": schemas}}

    start = time.process_time()
    (finding,) = diff(large(9), large(10))
    assert time.process_time() - start < 4 * MARGIN
    assert finding.pointer == "/components/schemas/S0/properties/name/maxLength"
    assert len(finding.operations) > 1
