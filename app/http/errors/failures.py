"""Converts every exception of a request to one shape, from which each version renders its error format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.errors import PROBLEM_TYPES, DomainError, ErrorKind, FieldError, Unauthenticated
from app.http.errors.http_error import HttpError
from app.http.errors.status import STATUS
from app.http.rate_limit.limits import QuotaExceeded
from app.http.retry_after import with_jitter
from app.kit.db.errors import domain_error

_METHOD_NOT_ALLOWED: Final = "method_not_allowed"
_INTERNAL_ERROR: Final = "internal_error"
_INTERNAL_DETAIL: Final = "Something went wrong on our side. It has been recorded."
_ROUTER_CODES: Final = {
    400: "malformed_request",
    404: "not_found",
    405: _METHOD_NOT_ALLOWED,
    413: "body_too_large",
}
PROBLEM_TYPES.declare(_METHOD_NOT_ALLOWED, "The path knows other methods; Allow lists them.")
PROBLEM_TYPES.declare(_INTERNAL_ERROR, _INTERNAL_DETAIL)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request. ``raw_errors`` is pydantic's list without the input; ``violated`` names policies."""

    status: int
    code: str
    detail: str
    fields: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    raw_errors: tuple[Mapping[str, object], ...] = ()
    violated: tuple[str, ...] = ()
    scope: str = ""
    """The permissions that are missing, separated by spaces."""

    @property
    def unexpected(self) -> bool:
        """Whether this is a defect of Strata, to be logged with its traceback."""
        return self.status == HTTPStatus.INTERNAL_SERVER_ERROR


def classify(error: Exception) -> Failure:
    """The failure for an exception. An unexpected exception becomes a 500 that reveals nothing of its cause."""
    if isinstance(error, DomainError):
        return _from_domain(error)
    if isinstance(error, RequestValidationError):
        return _from_validation(error)
    if isinstance(error, QuotaExceeded):
        headers = {"Retry-After": str(error.retry_after)}
        return Failure(429, "rate_limited", error.detail, headers=headers, violated=error.violated)
    if isinstance(error, HTTPException):
        code = _ROUTER_CODES.get(error.status_code, "error")
        return Failure(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))
    if (translated := domain_error(error)) is not None:
        return _from_domain(translated)
    return Failure(500, _INTERNAL_ERROR, _INTERNAL_DETAIL)


def _from_domain(error: DomainError) -> Failure:
    headers = dict(error.headers) if isinstance(error, HttpError) else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(retry_delay(error.retry_after, error.kind))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    elif scope := error.context.get("scope"):
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
    violated = (policy,) if (policy := error.context.get("policy")) else ()
    return Failure(
        STATUS[error.kind],
        error.code,
        error.message,
        error.fields,
        headers,
        violated=violated,
        scope=error.context.get("scope", ""),
    )


def retry_delay(seconds: int, kind: ErrorKind) -> int:
    """The seconds of ``Retry-After``, with jitter.

    After an outage all clients return, after a limit those of one caller. The end of a brownout is exact.
    """
    if kind is ErrorKind.UNAVAILABLE or kind is ErrorKind.TIMEOUT:
        return with_jitter(seconds, 2 * seconds)
    return with_jitter(seconds) if kind is ErrorKind.RATE_LIMITED else seconds


def _from_validation(error: RequestValidationError) -> Failure:
    fields = []
    raw: list[Mapping[str, object]] = []
    for issue in error.errors():
        where, *path = issue["loc"]
        # The location of a JSON syntax error is a byte offset, not a path to a value.
        steps = () if issue["type"] == "json_invalid" else _within(error.body, path)
        fields.append(FieldError(steps, str(issue["type"]), str(issue["msg"]), str(where)))
        raw.append({"type": issue["type"], "loc": list(issue["loc"]), "msg": issue["msg"]})
    return Failure(422, "validation_failed", "The request was refused.", tuple(fields), raw_errors=tuple(raw))


def _within(body: object, path: Sequence[str | int]) -> tuple[str | int, ...]:
    """The path of a value in the body. Pydantic inserts the name of the variant where a discriminator chooses one."""
    steps: list[str | int] = []
    value = body
    for number, step in enumerate(path):
        if isinstance(value, dict) and step not in value and number < len(path) - 1 and step in value.values():
            continue
        steps.append(step)
        value = _value_at(value, step)
    return tuple(steps)


def _value_at(container: object, step: str | int) -> object:
    if isinstance(container, dict):
        return container.get(step)
    return container[step] if isinstance(container, list) and isinstance(step, int) and step < len(container) else None
