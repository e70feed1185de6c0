"""Checks the status, headers, media type and body of a response against the contract."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import orjson

from observability.conformance.exchange import Exchange, Headers
from observability.conformance.operation import DeclaredResponse, Operation
from observability.conformance.schemas import Finding, Schemas, pointer
from observability.conformance.texts import value_of
from observability.conformance.violation import Violation, of_schema


def check_response(
    operation: Operation, exchange: Exchange, schemas: Schemas, *, head: bool, names: AbstractSet[str]
) -> Iterator[Violation]:
    """Yield every violation of the contract in the response. A ``HEAD`` has the headers of a ``GET`` and no body."""
    declared = operation.response(exchange.status)
    if declared is None:
        yield Violation("response", "status", schema=pointer((*operation.steps, "responses")))
        return
    yield from _headers(declared, exchange.response_headers, schemas, names)
    if head or exchange.response_body is None or header(exchange.response_headers, b"content-encoding"):
        return
    yield from _body(declared, exchange.response_headers, b"".join(exchange.response_body), schemas, names)


def _headers(
    declared: DeclaredResponse, given: Headers, schemas: Schemas, names: AbstractSet[str]
) -> Iterator[Violation]:
    for parameter in declared.headers:
        texts = [value.decode("latin-1") for name, value in given if name == parameter.name.lower().encode()]
        if texts and parameter.schema is not None:
            for finding in schemas.findings(parameter.schema, value_of(parameter, texts)):
                yield of_schema("response", "header", finding, names, (parameter.name,))
        elif not texts and parameter.required:
            yield Violation("response", "header", "required", pointer(("header", parameter.name)))


def _body(
    declared: DeclaredResponse, headers: Headers, body: bytes, schemas: Schemas, names: AbstractSet[str]
) -> Iterator[Violation]:
    if not body and not declared.content.types:
        return
    media_type = media_type_of(headers)
    entry = declared.content.find(media_type)
    if entry is None:
        yield Violation("response", "media_type")
        return
    schema = declared.content.types[entry]
    if schema is None or not is_json(media_type):
        return
    try:
        value = orjson.loads(body)
    except ValueError:
        yield of_schema("response", "body", Finding((), schema, "json"), names)
        return
    for finding in schemas.findings(schema, value):
        yield of_schema("response", "body", finding, names)


def header(headers: Headers, wanted: bytes) -> str:
    """Return the last value of a header, or an empty string."""
    return next((value.decode("latin-1") for name, value in reversed(headers) if name == wanted), "")


def media_type_of(headers: Headers) -> str:
    """Return the type and subtype of a body, in lower case, without parameters."""
    return header(headers, b"content-type").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a body of this type is JSON (RFC 6839)."""
    return media_type.endswith(("/json", "+json"))
