"""Findings about what tools ignore or describe in two ways: pairs of documents, and the rules that apply."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from contracts.compat import diff
from contracts.compat.sunset import SunsetPhase, parse_sunset, sunset_phase
from tests.contracts.compat.documents import (
    OK,
    body,
    document,
    operation,
    parameter,
    with_parameters,
    with_request,
    with_responses,
)

Json = Any
TEXT: Json = {"type": "string"}
LONG: Json = {"type": "string", "maxLength": 9}
DEFAULTS: Json = ({"type": "string", "default": "a"}, {"type": "string", "default": "b"})


def with_item(item_parameter: Json, operation_parameter: Json) -> Json:
    """The same parameter at the path item and at the operation, which overrides it."""
    operation_ = {"responses": OK, "parameters": [operation_parameter]}
    return document({"/things": {"parameters": [item_parameter], "get": operation_}})


def ids(old: Json, new: Json) -> list[str]:
    return [finding.rule for finding in diff(old, new)]


def with_field(field: Json, required: list[str]) -> Json:
    """A required body whose object has one field."""
    return with_request(body({"type": "object", "properties": {"p": field}, "required": required}, required=True))


def of_formats(*formats: str) -> Json:
    return {"anyOf": [{"type": "string", "format": one} for one in formats]}


def with_encoding(field: Json, **encoding: Json) -> Json:
    """A form with one field and its encoding."""
    schema = {"type": "object", "properties": {"f": field}}
    return with_request({"content": {"multipart/form-data": {"schema": schema, "encoding": {"f": encoding}}}})


LINK: Json = {"next": {"operationId": "list", "requestBody": {"a": 1}}}
OTHER_LINK: Json = {"next": {"operationId": "list", "requestBody": {"a": 2}}}
EDGES: dict[str, tuple[Json, Json, list[str]]] = {
    "an extension below paths is no path": (
        document({"x-internal": {"get": {"responses": OK}}}),
        document({}),
        [],
    ),
    "a path parameter is always required": (
        operation(path="/a/{b}", parameters=[parameter("b", "path", required=True)]),
        operation(path="/a/{b}", parameters=[parameter("b", "path")]),
        [],
    ),
    "a parameter named Authorization is ignored": (
        with_parameters(parameter("Authorization", "header")),
        with_parameters(),
        [],
    ),
    "the parameter of an operation overrides that of the path": (
        with_item(parameter("q", schema=LONG), parameter("q", schema=TEXT)),
        with_item(parameter("q", schema=TEXT), parameter("q", schema=TEXT)),
        [],
    ),
    "a response without a body by its status": (
        with_responses(_205=body(TEXT)),
        with_responses(_205=body(LONG)),
        [],
    ),
    "default describes errors where a success is declared": (
        with_responses(_200={}, _201={}, default={}),
        with_responses(_200={}, default={}),
        ["response-success-removed"],
    ),
    "a redirection beside a success is no result": (
        with_responses(_200={}, _302={}),
        with_responses(_200={}),
        ["response-error-removed"],
    ),
    "a redirection alone is the result": (
        with_responses(_302={}, _404={}),
        with_responses(_404={}),
        ["response-success-removed"],
    ),
    "the body of a link counts": (
        with_responses(_200={"links": LINK}),
        with_responses(_200={"links": OTHER_LINK}),
        ["response-link-changed"],
    ),
    "a quality is no part of a media type": (
        with_request(body(TEXT, "text/plain")),
        with_request(body(TEXT, "text/plain; q=0.5")),
        [],
    ),
    "a media type without the parameter of another one is not a range": (
        with_responses(_200=body(TEXT, "application/json; profile=a")),
        with_responses(_200=body(TEXT, "application/json")),
        ["response-media-type-added"],
    ),
    "the default of a body matters while old requests may lack it": (
        with_request(body(DEFAULTS[0])),
        with_request(body(DEFAULTS[1], required=True)),
        ["request-body-became-required", "request-body-default-changed"],
    ),
    "the default of a parameter matters while new requests may lack it": (
        with_parameters(parameter(schema=DEFAULTS[0], required=True)),
        with_parameters(parameter(schema=DEFAULTS[1])),
        ["request-parameter-default-changed", "request-parameter-became-optional"],
    ),
    "the default of a field matters while new requests may lack it": (
        with_field(DEFAULTS[0], ["p"]),
        with_field(DEFAULTS[1], []),
        ["request-body-default-changed", "request-body-property-became-optional"],
    ),
    "the default of what every request contains does not matter": (
        with_field(DEFAULTS[0], ["p"]),
        with_field(DEFAULTS[1], ["p"]),
        [],
    ),
    "variants that only their format distinguishes are different": (
        with_request(body(of_formats("uuid", "email"))),
        with_request(body(of_formats("date", "ipv4"))),
        ["request-body-variant-removed"] * 2 + ["request-body-variant-added"] * 2,
    ),
    "a range of media types includes each of them": (
        with_encoding(TEXT, contentType="image/png"),
        with_encoding(TEXT, contentType="*/*"),
        ["request-encoding-widened"],
    ),
    "only the style form separates values by default": (
        with_encoding({"type": "array", "items": TEXT}, style="pipeDelimited"),
        with_encoding({"type": "array", "items": TEXT}, style="pipeDelimited", explode=False),
        [],
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_an_edge(name: str) -> None:
    old, new, rules = EDGES[name]
    assert ids(old, new) == rules


def test_names_of_xml_count_in_every_media_type_of_xml() -> None:
    def named(name: str, media_type: str) -> Json:
        field = {"type": "string", "xml": {"name": name}}
        return with_responses(_200=body({"type": "object", "properties": {"p": field}}, media_type))

    found = [
        ids(named("a", media_type), named("b", media_type))
        for media_type in ("application/xml", "text/xml", "application/vnd.thing+xml", "application/json")
    ]
    assert found[0] != []
    assert found == [found[0]] * 3 + [[]]


def test_many_schemas_are_compared_by_their_values() -> None:
    def fields(nested: Json) -> Json:
        named = {f"f{number}": {"type": "object", "properties": {f"p{number}": TEXT}} | nested for number in range(30)}
        return with_request(body({"type": "object", "properties": named}))

    assert ids(fields({"minProperties": 1}), fields({"not": {"maxProperties": 0}})) == []


@pytest.mark.parametrize(
    ("deprecated", "sunset", "phase"),
    [
        (False, "2026-01-01", SunsetPhase.NOT_DEPRECATED),
        (True, None, SunsetPhase.NO_DATE),
        (True, "soon", SunsetPhase.NO_DATE),
        (True, "2026-01-01", SunsetPhase.AFTER_SUNSET),
        (True, "2026-01-02", SunsetPhase.AFTER_SUNSET),
        (True, "2026-01-03", SunsetPhase.BEFORE_SUNSET),
        (True, "2026-01-03T00:30:00+01:00", SunsetPhase.AFTER_SUNSET),
        (True, "2026-01-02T23:30:00-01:00", SunsetPhase.BEFORE_SUNSET),
    ],
)
def test_the_phase_of_a_sunset(sunset: str | None, phase: SunsetPhase, *, deprecated: bool) -> None:
    assert sunset_phase(deprecated, sunset, date(2026, 1, 2)) is phase


def test_a_sunset_in_yaml_is_a_date_already() -> None:
    assert parse_sunset(date(2026, 1, 2)) == date(2026, 1, 2)
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert parse_sunset(moment) == date(2026, 1, 2)
    assert parse_sunset(moment.astimezone(timezone(timedelta(hours=-5))).isoformat()) == date(2026, 1, 2)
