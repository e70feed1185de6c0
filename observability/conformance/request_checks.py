"""Checks accepted requests against the contract: accepting undocumented input is an undocumented promise."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from http.cookies import CookieError, SimpleCookie
from typing import cast
from urllib.parse import parse_qs

import orjson

from observability.conformance.exchange import Exchange
from observability.conformance.operation import FORM, Content, Operation, Parameter
from observability.conformance.response_checks import header, is_json, media_type_of
from observability.conformance.schemas import Finding, Json, Schemas, Steps, pointer
from observability.conformance.texts import value_of
from observability.conformance.violation import Rule, Violation, of_schema


def check_request(
    operation: Operation, exchange: Exchange, schemas: Schemas, *, names: AbstractSet[str]
) -> Iterator[Violation]:
    """Yield every violation of the contract in the request. Input that the contract does not mention is allowed."""
    given = {
        "path": _of_path(exchange.route, exchange.path),
        "query": _of_form(exchange.query),
        "header": _of_headers(exchange),
        "cookie": _of_cookies(exchange),
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
        yield from _value(_members(operation.form, body), schema, schemas, names)


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


def _members(declared: Mapping[str, Parameter], body: bytes) -> dict[str, Json]:
    return {
        name: value_of(declared[name], texts) if name in declared else texts[-1]
        for name, texts in _of_form(body).items()
    }


def _of_form(text: bytes) -> dict[str, list[str]]:
    return parse_qs(text.decode("latin-1"), keep_blank_values=True)


def _of_path(template: str, path: str) -> dict[str, list[str]]:
    return {
        wanted[1:-1]: [given]
        for wanted, given in zip(template.split("/"), path.split("/"), strict=False)
        if wanted.startswith("{") and wanted.endswith("}")
    }


def _of_headers(exchange: Exchange) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in exchange.request_headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _of_cookies(exchange: Exchange) -> dict[str, list[str]]:
    try:
        cookies = SimpleCookie(header(exchange.request_headers, b"cookie"))
    except CookieError:
        return {}
    return {name: [morsel.value] for name, morsel in cookies.items()}
