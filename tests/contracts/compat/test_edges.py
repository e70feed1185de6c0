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
LIST: Json = {"type": "array", "items": TEXT}
BOUND: Json = {"type": "number", "minimum": 1, "exclusiveMinimum": True}
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


def in_path(schema: Json, **members: Json) -> Json:
    return operation(path="/a/{b}", parameters=[parameter("b", "path", schema, **members)])


def with_scheme(name: str, url: str) -> Json:
    """An operation that needs a token of one OAuth flow."""
    flows = {"clientCredentials": {"scopes": {"read": ""}, "tokenUrl": url}}
    components = {"securitySchemes": {name: {"type": "oauth2", "flows": flows}}}
    return operation(security=[{name: ["read"]}]) | {"components": components}


def with_version_3_0(schema: Json) -> Json:
    return with_request(body(schema)) | {"openapi": "3.0.3"}


def of_formats(*formats: str) -> Json:
    return {"anyOf": [{"type": "string", "format": one} for one in formats]}


def with_encoding(field: Json, **encoding: Json) -> Json:
    """A form with one field and its encoding."""
    schema = {"type": "object", "properties": {"f": field}}
    return with_request({"content": {"multipart/form-data": {"schema": schema, "encoding": {"f": encoding}}}})


PORTS = (("http", 80), ("https", 443), ("ws", 80), ("wss", 443))
LINK: Json = {"next": {"operationId": "list", "requestBody": {"a": 1}}}
OTHER_LINK: Json = {"next": {"operationId": "list", "requestBody": {"a": 2}}}
EDGES: dict[str, tuple[Json, Json, list[str]]] = {
    "an extension below paths is no path": (
        document({"x-internal": {"get": {"responses": OK}}}),
        document({}),
        [],
    ),
    "methods beyond those of OpenAPI 3.1 are ignored there": (
        document({"/a": {"get": {"responses": OK}, "additionalOperations": {"COPY": {"responses": OK}}}}),
        document({"/a": {"get": {"responses": OK}}}),
        [],
    ),
    "a server with the default port of its scheme is the one without a port": (
        operation(document_members={"servers": [{"url": f"{name}://A.example:{port}/"} for name, port in PORTS]}),
        operation(document_members={"servers": [{"url": f"{name}://a.example"} for name, _ in PORTS]}),
        [],
    ),
    "another port is another server": (
        operation(document_members={"servers": [{"url": "https://a.example:80"}]}),
        operation(document_members={"servers": [{"url": "https://a.example"}]}),
        ["server-removed", "server-added"],
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
    "a reference is wider than a URI": (
        with_parameters(parameter(schema=TEXT | {"format": "uri"})),
        with_parameters(parameter(schema=TEXT | {"format": "uri-reference"})),
        ["request-parameter-format-widened"],
    ),
    "plain values have the same text as JSON": (
        with_parameters(parameter(schema={"type": ["integer", "number", "boolean"]})),
        with_parameters({"name": "q", "in": "query", **body({"type": ["integer", "number", "boolean"]})}),
        [],
    ),
    "each style of a path separates the items of a list": (
        in_path(LIST, style="matrix"),
        in_path(LIST, style="matrix", explode=True),
        ["request-parameter-explode-changed"],
    ),
    "a label separates the items of a list with points": (
        in_path(LIST, style="label", explode=True),
        in_path(LIST, style="simple"),
        ["request-parameter-style-changed"],
    ),
    "a text has one form with and without explode": (
        in_path(TEXT, style="matrix"),
        in_path(TEXT, style="matrix", explode=True),
        [],
    ),
    "the fields of a form are separated by their style": (
        with_encoding(LIST, style="pipeDelimited"),
        with_encoding(LIST, style="spaceDelimited"),
        ["request-encoding-style-changed"],
    ),
    "a field with a media type and a style has the style": (
        with_encoding(TEXT, style="form"),
        with_encoding(TEXT, contentType="image/gif"),
        ["request-encoding-narrowed"],
    ),
    "a field that must be absent was any field before": (
        with_request(body({"type": "object"})),
        with_request(body({"type": "object", "properties": {"p": {"not": {}}}})),
        ["request-body-type-narrowed"],
    ),
    "schemes with other URLs are other schemes": (
        with_scheme("a", "https://a"),
        with_scheme("b", "https://b"),
        [
            "security-alternative-removed",
            "security-scheme-removed",
            "security-scheme-added",
            "security-alternative-added",
        ],
    ),
    "a scheme with another name": (with_scheme("a", "https://a"), with_scheme("b", "https://a"), []),
    "a flag of OpenAPI 3.0 that excludes a bound": (
        with_version_3_0(BOUND | {"not": {"enum": [5]}}),
        with_version_3_0({"allOf": [BOUND, {"not": {"enum": [5]}}]}),
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
