"""Checks accepted requests against the contract: accepting undocumented input is an undocumented promise."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import cast

import orjson

from observability.conformance.exchange import Exchange
from observability.conformance.operation import FORM, Content, Operation, Parameter
from observability.conformance.request_values import (
    cookie_values,
    form_members,
    form_values,
    header_values,
    path_values,
)
from observability.conformance.response_checks import header, is_json, media_type_of
from observability.conformance.schemas import Finding, Json, Schemas, Steps, pointer
from observability.conformance.texts import value_of
from observability.conformance.violation import Rule, Violation, of_schema


def check_request(
    operation: Operation, exchange: Exchange, schemas: Schemas, *, names: AbstractSet[str]
) -> Iterator[Violation]:
    """Yield every violation of the contract in the request. Input that the contract does not mention is allowed."""
    given = {
        "path": path_values(exchange.route, exchange.path),
        "query": form_values(exchange.query),
        "header": header_values(exchange.request_headers),
        "cookie": cookie_values(exchange.request_headers),
    }
    for parameter in operation.parameters:
        yield from _parameter(parameter, given[parameter.place], schemas, names)
    if operation.body is not None and exchange.request_body is not None:
        yield from _body(operation, operation.body, exchange, schemas, names)


def _parameter(
    parameter: Parameter, given: Mapping[str, Sequence[str]], schemas: Schemas, names: AbstractSet[str]
) -> Iterator[Violation]:
    rule = cast("Rule", parameter.place)
    texts = given.get(parameter.name.lower() if rule == "header" else parameter.name)
    if not texts:
        if parameter.required:
            yield Violation("request", rule, "required", pointer((rule, parameter.name)))
        return
    if parameter.schema is not None:
        for finding in schemas.findings(parameter.schema, value_of(parameter, texts)):
            yield of_schema("request", rule, finding, names, (parameter.name,))


def _body(
    operation: Operation, promised: Content, exchange: Exchange, schemas: Schemas, names: AbstractSet[str]
) -> Iterator[Violation]:
    body = b"".join(exchange.request_body or ())
    if not body:
        if promised.required:
            yield Violation("request", "body", "required", "/body", pointer((*operation.steps, "requestBody")))
        return
    media_type = media_type_of(exchange.request_headers)
    entry = promised.find(media_type)
    if entry is None:
        yield Violation("request", "media_type")
        return
    schema = promised.types[entry]
    if schema is None or header(exchange.request_headers, b"content-encoding"):
        return
    if is_json(media_type):
        yield from _json(body, schema, schemas, names)
    elif media_type == FORM:
        yield from _value(form_members(operation.form, body), schema, schemas, names)


def _json(body: bytes, schema: Steps, schemas: Schemas, names: AbstractSet[str]) -> Iterator[Violation]:
    try:
        value = orjson.loads(body)
    except ValueError:
        yield of_schema("request", "body", Finding((), schema, "json"), names)
        return
    yield from _value(value, schema, schemas, names)


def _value(value: Json, schema: Steps, schemas: Schemas, names: AbstractSet[str]) -> Iterator[Violation]:
    for finding in schemas.findings(schema, value):
        yield of_schema("request", "body", finding, names)
