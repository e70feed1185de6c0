"""What can go wrong in the product, without a word of HTTP.

A ``DomainError`` has a stable ``code`` that clients may rely on, a ``kind`` that says what sort of failure it is,
and a ``detail`` for a person. ``app.http`` maps kinds to status codes; each version renders its own envelope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar


class ErrorKind(Enum):
    """The sort of failure, from the caller's point of view."""

    INVALID = auto()
    """A value is not acceptable; the caller must change it."""
    MALFORMED = auto()
    """The request itself makes no sense."""
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    GONE = auto()
    CONFLICT = auto()
    PRECONDITION_FAILED = auto()
    TOO_LARGE = auto()
    UNSUPPORTED_MEDIA_TYPE = auto()
    HEADERS_TOO_LARGE = auto()
    BODY_TIMEOUT = auto()
    RATE_LIMITED = auto()
    UNAVAILABLE = auto()
    TIMEOUT = auto()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One value that was refused.

    ``path`` leads to it from the root of the body or parameters (``("items", 0, "title")``); ``where`` is
    ``body``, ``query``, ``path`` or ``header``.
    """

    path: tuple[str | int, ...]
    code: str
    detail: str
    where: str = "body"


class DomainError(Exception):
    """The root of every failure that a caller may be told about."""

    code: ClassVar[str] = "error"
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID
    detail: ClassVar[str] = "The request could not be carried out."
    keeps_changes: ClassVar[bool] = False
    """Whether the transaction that met this failure is committed all the same: a theft found out stays found out."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: Sequence[FieldError] = (),
        retry_after: int | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        self.message = detail or self.detail
        self.fields = tuple(fields)
        self.retry_after = retry_after
        """Whole seconds after which another attempt may succeed."""
        self.context = dict(context or {})
        super().__init__(self.message)


class Invalid(DomainError):
    code = "invalid"
    kind = ErrorKind.INVALID


class InvalidValue(Invalid):
    code = "validation_failed"
    detail = "A value was refused."


class Malformed(DomainError):
    code = "malformed_request"
    kind = ErrorKind.MALFORMED


class Unauthenticated(DomainError):
    code = "unauthenticated"
    kind = ErrorKind.UNAUTHENTICATED
    detail = "Authentication is required."


class Forbidden(DomainError):
    code = "forbidden"
    kind = ErrorKind.FORBIDDEN
    detail = "You may not do this."


class InsufficientPermissions(Forbidden):
    """``context["scope"]`` names the permission that would have been enough (RFC 6750, section 3.1)."""

    code = "insufficient_permissions"
    detail = "Insufficient permissions"

    def __init__(self, permission: str) -> None:
        super().__init__(context={"scope": permission})


class NotFound(DomainError):
    code = "not_found"
    kind = ErrorKind.NOT_FOUND
    detail = "There is nothing here."


class Conflict(DomainError):
    code = "conflict"
    kind = ErrorKind.CONFLICT
    detail = "The request conflicts with the present state."


class RevisionConflict(DomainError):
    code = "precondition_failed"
    kind = ErrorKind.PRECONDITION_FAILED
    detail = "The resource has changed since you read it. Read it again and repeat your change."


class RateLimited(DomainError):
    code = "rate_limited"
    kind = ErrorKind.RATE_LIMITED
    detail = "Too many requests."


class Unavailable(DomainError):
    code = "unavailable"
    kind = ErrorKind.UNAVAILABLE
    detail = "The service cannot answer at present."


class TimedOut(DomainError):
    code = "timeout"
    kind = ErrorKind.TIMEOUT
    detail = "The operation took too long and was cancelled."
