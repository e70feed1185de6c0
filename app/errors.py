"""The errors of the product, independent of HTTP.

A ``DomainError`` has a stable ``code`` that clients may rely on, a ``kind`` that classifies it, and a ``detail`` for
people. ``app.http`` maps kinds to status codes; each version renders its own error format.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final


class ErrorKind(Enum):
    """The class of an error, from the client's point of view."""

    INVALID = auto()
    """A value is invalid; the client must change it."""
    MALFORMED = auto()
    """The request cannot be parsed or contradicts itself."""
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    NOT_ACCEPTABLE = auto()
    GONE = auto()
    CONFLICT = auto()
    PRECONDITION_FAILED = auto()
    TOO_LARGE = auto()
    UNSUPPORTED_MEDIA_TYPE = auto()
    RANGE_NOT_SATISFIABLE = auto()
    HEADERS_TOO_LARGE = auto()
    BODY_TIMEOUT = auto()
    RATE_LIMITED = auto()
    NOT_SUPPORTED = auto()
    """This installation cannot do it."""
    UNAVAILABLE = auto()
    TIMEOUT = auto()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One rejected value.

    ``path`` leads to it from the root of the body or parameters (``("items", 0, "title")``); ``where`` is
    ``body``, ``query``, ``path`` or ``header``.
    """

    path: tuple[str | int, ...]
    code: str
    detail: str
    where: str = "body"


class ProblemTypes(Mapping[str, str]):
    """The description of every problem type by its code: what ``/problems/<code>`` explains to a client.

    An error class declares its type by defining ``code``; ``declare`` adds a type that no error class stands for.
    """

    def __init__(self) -> None:
        self._details: dict[str, str] = {}

    def declare(self, code: str, detail: str) -> None:
        """Add a type. Raises ``ValueError`` for a code that means something else already."""
        if self._details.setdefault(code, detail) != detail:
            message = f"the problem type {code!r} is declared twice with different descriptions"
            raise ValueError(message)

    def __getitem__(self, code: str) -> str:
        return self._details[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._details)

    def __len__(self) -> int:
        return len(self._details)


PROBLEM_TYPES: Final = ProblemTypes()


class DomainError(Exception):
    """The root of every error that a client may see."""

    code: ClassVar[str] = "error"
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID
    detail: ClassVar[str] = "The request could not be carried out."
    keeps_changes: bool = False
    """Whether the transaction is committed although the error was raised: a detected token theft must stay recorded."""

    def __init_subclass__(cls) -> None:
        if "code" in cls.__dict__:
            PROBLEM_TYPES.declare(cls.code, cls.detail)

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


PROBLEM_TYPES.declare(DomainError.code, DomainError.detail)


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
    """``context["scope"]`` names the permission that is missing (RFC 6750, section 3.1)."""

    code = "insufficient_permissions"
    detail = "Insufficient permissions"

    def __init__(self, *permissions: str) -> None:
        super().__init__(context={"scope": " ".join(permissions)})


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
