"""Problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.errors import FieldError
from app.http.errors.failures import Failure
from app.kit.reason_phrases import REASON_PHRASES
from observability.json_pointer import format_pointer
from observability.requests.context import current, record_problem

MEDIA_TYPE: Final = "application/problem+json"
PATH_CHARACTERS: Final = "/!$&'()*+,;=:@"
"""Characters that a URI path contains unescaped (RFC 3986, section 3.3), beside the unreserved ones."""
_FRAGMENT: Final = f"{PATH_CHARACTERS}?"
TYPE_BASE: Final = "/problems/"
"""The path below which this server explains each problem type; the rest is the code."""


def problem_response(request: Request, failure: Failure) -> Response:
    """The failure as a problem document."""
    body = problem(request, failure)
    return Response(orjson.dumps(body), failure.status, headers=dict(failure.headers), media_type=MEDIA_TYPE)


def problem(request: Request, failure: Failure) -> dict[str, Any]:
    """The members of a problem document, in reading order."""
    context = current(request.scope)
    record_problem(request.scope, failure.code, failure.violated)
    document = {
        "type": problem_type(failure),
        "title": REASON_PHRASES[failure.status],
        "status": failure.status,
        "detail": failure.detail,
        "instance": _uri_text(request.scope["path"], PATH_CHARACTERS),
        "code": failure.code,
        "request_id": context.request_id,
        "trace_id": context.trace_id,
        "errors": errors_of(failure.fields),
    }
    if failure.violated:
        document["violated-policies"] = failure.violated
    if failure.scope:
        document["required_scope"] = failure.scope
    return document


def problem_type(failure: Failure) -> str:
    """The type URI: registered at IANA for an exceeded quota and for overload, else a page of this server."""
    if failure.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "https://iana.org/assignments/http-problem-types#quota-exceeded"
    if failure.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
    return f"{TYPE_BASE}{failure.code}"


def errors_of(fields: Sequence[FieldError]) -> list[Mapping[str, str]]:
    """One entry per rejected value: a JSON pointer into the body, or the name of the parameter."""
    return [
        {
            "pointer": pointer(field.path) if field.where == "body" else pointer((field.where, *field.path)),
            "code": field.code,
            "detail": field.detail,
        }
        for field in fields
    ]


def pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer as a URI fragment identifier (RFC 6901, section 6)."""
    return f"#{_uri_text(format_pointer(path), _FRAGMENT)}"


def _uri_text(text: str, safe: str) -> str:
    # A lone surrogate, which JSON text can name, has no UTF-8 form.
    return quote(text, safe=safe, errors="replace")
