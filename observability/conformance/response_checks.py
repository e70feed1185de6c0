"""Holds an answer against its contract: status, headers, media type, body."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import orjson

from observability.conformance.exchange import Exchange, Headers
from observability.conformance.operation import Answer, Operation
from observability.conformance.schemas import Finding, Schemas, pointer
from observability.conformance.texts import value_of
from observability.conformance.violation import Violation, of_schema


def judge_response(
    operation: Operation, exchange: Exchange, schemas: Schemas, *, head: bool, names: AbstractSet[str]
) -> Iterator[Violation]:
    """Every way in which the answer is not as promised. That of a ``HEAD`` has the headers of a ``GET`` and no body."""
    answer = operation.answer(exchange.status)
    if answer is None:
        yield Violation("response", "status", schema=pointer((*operation.steps, "responses")))
        return
    yield from _headers(answer, exchange.response_headers, schemas, names)
    if head or exchange.response_body is None or header(exchange.response_headers, b"content-encoding"):
        return
    yield from _body(answer, exchange.response_headers, b"".join(exchange.response_body), schemas, names)


def _headers(answer: Answer, given: Headers, schemas: Schemas, names: AbstractSet[str]) -> Iterator[Violation]:
    for declared in answer.headers:
        texts = [value.decode("latin-1") for name, value in given if name == declared.name.lower().encode()]
        if texts and declared.schema is not None:
            for finding in schemas.findings(declared.schema, value_of(declared, texts)):
                yield of_schema("response", "header", finding, names, (declared.name,))
        elif not texts and declared.required:
            yield Violation("response", "header", "required", pointer(("header", declared.name)))


def _body(
    answer: Answer, headers: Headers, body: bytes, schemas: Schemas, names: AbstractSet[str]
) -> Iterator[Violation]:
    if not body and not answer.content.types:
        return
    media_type = media_type_of(headers)
    entry = answer.content.find(media_type)
    if entry is None:
        yield Violation("response", "media_type")
        return
    schema = answer.content.types[entry]
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
    """The last value of a header, or nothing."""
    return next((value.decode("latin-1") for name, value in reversed(headers) if name == wanted), "")


def media_type_of(headers: Headers) -> str:
    """The type and subtype of a body, in lower case, without parameters."""
    return header(headers, b"content-type").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a body of this type is JSON (RFC 6839)."""
    return media_type.endswith(("/json", "+json"))
