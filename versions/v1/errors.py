"""Error responses of v1: ``{"detail": ...}``, with FastAPI's list of errors for a 422."""

from http import HTTPStatus
from typing import Any, Final

import orjson
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from app.http.errors.failures import Failure, classify
from app.http.principal import has_credentials
from app.kit.reason_phrases import REASON_PHRASES
from observability.requests.context import record_problem
from versions.kit.openapi import header
from versions.kit.operations import ALWAYS, Operations

_OWN_STATUS: Final = {"email_taken": 400, "file_type_not_allowed": 400}
_OWN_DETAIL: Final = {
    "email_taken": "Email already registered",
    "not_your_account": "Not authorized to update this user",
    "unauthenticated": "Not authenticated",
    "invalid_refresh_token": "Could not validate credentials",
    "not_the_author": "Not authorized to modify this post",
    "user_not_found": "User not found",
    "too_many_attempts": "Too many login attempts. Please try again later.",
}


class Error(BaseModel):
    """An error."""

    detail: str = Field(description="A description for people.", examples=["Post not found"])


class ValidationIssue(BaseModel):
    """One invalid value."""

    type: str = Field(description="Which check failed.", examples=["missing"])
    loc: list[str | int] = Field(description="Where the value is.", examples=[["body", "title"]])
    msg: str = Field(description="A description for people.", examples=["Field required"])


class ValidationFailure(BaseModel):
    """All invalid values, or the reason why the request was rejected."""

    detail: list[ValidationIssue] | str = Field(
        description="One entry for each invalid value.",
        examples=[[{"type": "missing", "loc": ["body", "title"], "msg": "Field required"}]],
    )


class BatchError(BaseModel):
    """Several errors in one request."""

    error: str = Field(description="The kind of the errors.", examples=["Multiple validation errors"])
    details: list[str] = Field(description="The errors.", examples=[["Post 7 not found"]])


def render(request: Request, error: Exception) -> Response:
    """Returns the error response for any exception."""
    if isinstance(error, ExceptionGroup):
        record_problem(request.scope, "batch_failed", ())
        return _batch(error)
    failure = classify(error)
    record_problem(request.scope, failure.code, failure.violated)
    status = _OWN_STATUS.get(failure.code, failure.status)
    headers = dict(failure.headers)
    if status == HTTPStatus.UNAUTHORIZED and has_credentials(request.scope) and failure.code == "invalid_token":
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    body = {"detail": _detail(failure)}
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")


def _batch(group: ExceptionGroup[Exception]) -> Response:
    body = {"error": group.message, "details": [classify(error).detail for error in group.exceptions]}
    return Response(orjson.dumps(body), 400, media_type="application/json")


def _detail(failure: Failure) -> object:
    return failure.raw_errors or _OWN_DETAIL.get(failure.code, failure.detail)


def _describe(status: int) -> dict[str, Any]:
    model = ValidationFailure if status == HTTPStatus.UNPROCESSABLE_ENTITY else Error
    described: dict[str, Any] = {"description": REASON_PHRASES[status], "model": model}
    if status in {429, 503, 504}:
        described["headers"] = {"Retry-After": header("Seconds after which the client can retry.")}
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        described["headers"] = {"Accept-Encoding": header("`identity` if the body was encoded (RFC 9110, 12.5.3).")}
    if status == HTTPStatus.UNAUTHORIZED:
        described["headers"] = {"WWW-Authenticate": header("How to authenticate (RFC 6750).", required=True)}
    return described


operations: Final = Operations(_describe, (400, 405, *ALWAYS))
