"""How the check reads a contract and the texts of an exchange."""

from collections.abc import Mapping
from typing import Any

import pytest

from observability.conformance.operation import Content, Parameter, Reader
from observability.conformance.request_values import cookie_values
from observability.conformance.schemas import Schemas
from observability.conformance.texts import value_of
from tests.support.exchanges import Json, parameter, reference


def operation(**parts: Any) -> Json:
    return {"paths": {"/a/{id}": {"post": {"responses": {"default": {}}, **parts}}}}


def read(*parameters: Json, **components: Any) -> dict[tuple[str, str], Parameter]:
    document = {**operation(parameters=list(parameters)), "components": components}
    found = Reader(document).operation(("paths", "/a/{id}", "post"))
    return {(one.place, one.name): one for one in found.parameters}


@pytest.mark.parametrize(
    ("schema", "kinds", "items"),
    [
        ({"type": "integer"}, {"integer"}, set()),
        ({"type": ["string", "null"]}, {"string", "null"}, set()),
        ({"enum": ["a", 1, 1.5, True]}, {"string", "integer", "number", "boolean"}, set()),
        ({"const": False}, {"boolean"}, set()),
        ({"const": 2}, {"integer"}, set()),
        ({"const": 2.5}, {"number"}, set()),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"integer", "null"}, set()),
        ({"oneOf": [{"type": "string"}, {"const": 1}]}, {"string", "integer"}, set()),
        ({"allOf": [{"type": "number"}, {"anyOf": [{"type": "boolean"}]}]}, {"number", "boolean"}, set()),
        ({"type": "array", "items": {"type": "integer"}}, {"array"}, {"integer"}),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Kind"}}, {"array"}, {"number"}),
        ({"$ref": "#/components/schemas/Kind"}, {"number"}, set()),
        ({}, set(), set()),
        (True, set(), set()),
    ],
)
def test_the_types_of_a_schema_are_found(schema: Any, kinds: set[str], items: set[str]) -> None:
    found = read(parameter("query", "q", schema), schemas={"Kind": {"type": "number"}})["query", "q"]
    assert (found.kinds, found.item_kinds) == (kinds, items)


@pytest.mark.parametrize(
    ("declared", "checked_at", "required", "exploded"),
    [
        (parameter("query", "q", {}), ("schema",), False, True),
        (parameter("query", "q", {}, required=True, style="form"), ("schema",), True, True),
        (parameter("query", "q", {}, explode=False), ("schema",), False, False),
        (parameter("query", "q", {}, style="deepObject"), None, False, True),
        (parameter("cookie", "q", {}), ("schema",), False, True),
        (parameter("header", "q", {}), ("schema",), False, False),
        (parameter("header", "q", {}, style="simple", explode=True), ("schema",), False, True),
        (parameter("path", "q", {}, required=True), ("schema",), True, False),
        (parameter("path", "q", {}, required=True, style="matrix"), None, True, False),
        ({"in": "query", "name": "q", "content": {"application/json": {}}}, None, False, True),
    ],
)
def test_a_parameter_has_the_defaults_of_its_place(
    declared: Json,
    checked_at: tuple[str, ...] | None,
    required: bool,  # noqa: FBT001 - an expected fact
    exploded: bool,  # noqa: FBT001 - an expected fact
) -> None:
    found = read(declared)[declared["in"], "q"]
    place = None if checked_at is None else ("paths", "/a/{id}", "post", "parameters", 0, *checked_at)
    assert (found.schema, found.required, found.exploded) == (place, required, exploded)


def test_an_operation_overrides_the_parameters_of_its_path() -> None:
    document = operation(parameters=[parameter("query", "both", {"type": "integer"})])
    document["paths"]["/a/{id}"]["parameters"] = [
        parameter("query", "both", {"type": "string"}),
        parameter("header", "both", {"type": "boolean"}),
        parameter("query", "first", {"type": "string"}),
    ]
    found = Reader(document).operation(("paths", "/a/{id}", "post"))
    assert [(one.place, one.name, set(one.kinds)) for one in found.parameters] == [
        ("query", "both", {"integer"}),
        ("header", "both", {"boolean"}),
        ("query", "first", {"string"}),
    ]


@pytest.mark.parametrize(("links", "circular"), [(31, False), (32, True)])
def test_a_chain_of_references_ends(links: int, circular: bool) -> None:  # noqa: FBT001 - an expected fact
    chain = {f"P{number}": reference("parameters", f"P{number + 1}") for number in range(links - 1)}
    chain[f"P{links - 1}"] = parameter("query", "q", {"type": "integer"})
    if circular:
        with pytest.raises(ValueError, match="circular references at"):
            read(reference("parameters", "P0"), parameters=chain)
    else:
        assert read(reference("parameters", "P0"), parameters=chain)["query", "q"].kinds == {"integer"}


def test_references_are_decoded_and_stay_within_the_document() -> None:
    odd = {"a/b~c d": parameter("query", "q", {"type": "integer"})}
    assert read({"$ref": "#/components/parameters/a~1b~0c%20d"}, parameters=odd)["query", "q"].kinds == {"integer"}
    for outside in ("other.json#/a", "#anchor", "http://else/where"):
        with pytest.raises(ValueError, match="must refer to the same document"):
            read({"$ref": outside})


@pytest.mark.parametrize(
    ("kinds", "text", "value"),
    [
        ({"integer"}, "7", 7),
        ({"integer"}, "-7", -7),
        ({"integer"}, "0", 0),
        ({"integer"}, "07", "07"),
        ({"integer"}, "+7", "+7"),
        ({"integer"}, "7.0", "7.0"),
        ({"integer"}, " 7", " 7"),
        ({"integer"}, "", ""),
        ({"integer"}, "9" * 300, int("9" * 300)),
        ({"integer"}, "9" * 301, "9" * 301),
        ({"number"}, "7", 7),
        ({"number"}, "7.25", 7.25),
        ({"number"}, "-0.5e3", -500.0),
        ({"number"}, "1E-2", 0.01),
        ({"number"}, "1.", "1."),
        ({"number"}, ".5", ".5"),
        ({"number"}, "nan", "nan"),
        ({"number"}, "1." + "0" * 298, 1.0),
        ({"number"}, "1." + "0" * 299, "1." + "0" * 299),
        ({"boolean"}, "true", True),
        ({"boolean"}, "false", False),
        ({"boolean"}, "True", "True"),
        ({"boolean"}, "1", "1"),
        ({"string"}, "7", "7"),
        ({"string"}, "true", "true"),
        ({"string", "null"}, "null", "null"),
        (set(), "7", "7"),
        ({"integer", "boolean"}, "true", True),
    ],
)
def test_a_text_is_a_value_of_the_declared_type(kinds: set[str], text: str, value: object) -> None:
    declared = Parameter(
        "q", "query", required=False, schema=None, kinds=frozenset(kinds), item_kinds=frozenset(), exploded=True
    )
    found = value_of(declared, [text])
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("place", "exploded", "texts", "value"),
    [
        ("query", True, ["1", "2"], [1, 2]),
        ("query", True, ["1,2"], ["1,2"]),
        ("form", True, ["1", "x"], [1, "x"]),
        ("query", False, ["9", "1,2"], [9, 1, 2]),
        ("header", False, ["1,2"], [1, 2]),
        ("header", True, ["1,2"], [1, 2]),
        ("cookie", True, ["1,2"], [1, 2]),
    ],
)
def test_a_list_is_repeated_or_separated_by_commas(
    place: str,
    exploded: bool,  # noqa: FBT001 - a fact of the parameter
    texts: list[str],
    value: list[object],
) -> None:
    kinds, items = frozenset({"array"}), frozenset({"integer"})
    declared = Parameter("q", place, required=False, schema=None, kinds=kinds, item_kinds=items, exploded=exploded)
    assert value_of(declared, texts) == value


def test_the_last_of_several_values_counts() -> None:
    declared = Parameter(
        "q", "query", required=False, schema=None, kinds=frozenset({"integer"}), item_kinds=frozenset(), exploded=True
    )
    assert value_of(declared, ["1", "2"]) == 2


@pytest.mark.parametrize(
    ("media_type", "entry"),
    [("text/plain", "text/plain"), ("text/html", "text/*"), ("image/png", "*/*"), ("text", "text/*"), ("", "*/*")],
)
def test_the_most_specific_media_type_is_found(media_type: str, entry: str) -> None:
    types: Mapping[str, None] = {"*/*": None, "text/*": None, "text/plain": None}
    assert Content(types).find(media_type) == entry
    assert Content({"application/json": None}).find(media_type) is None


@pytest.mark.parametrize(("status", "expected"), [(404, "404"), (409, "4XX"), (500, "default"), (200, "default")])
def test_the_most_specific_response_is_found(status: int, expected: str) -> None:
    responses = {name: {"headers": {name: {"schema": {}}}} for name in ("default", "4XX", "404")}
    found = Reader(operation(responses=responses)).operation(("paths", "/a/{id}", "post")).response(status)
    assert found is not None
    assert [header.name for header in found.headers] == [expected]
    only = Reader(operation(responses={"404": {}})).operation(("paths", "/a/{id}", "post"))
    assert (only.response(status) is None) == (status != 404)


def test_a_malformed_cookie_field_gives_no_cookies() -> None:
    assert cookie_values([(b"cookie", b"a/b=1; seat=2")]) == {}


def test_the_alternative_that_misses_least_is_reported() -> None:
    schema = {"anyOf": [{"required": ["a", "b"]}, {"required": ["c"]}]}
    (found,) = Schemas({"s": schema}, "response").findings(("s",), {})
    assert found.schema == ("s", "anyOf", 1, "required")


def test_items_of_exploded_parameters_keep_their_commas() -> None:
    tags = read(parameter("query", "tags", {"type": "array", "items": {}}))["query", "tags"]
    assert (tags.exploded, tags.item_kinds) == (True, frozenset())
    assert value_of(tags, ["a,b", "c"]) == ["a,b", "c"]
