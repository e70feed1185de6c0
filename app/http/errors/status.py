"""The status code of each kind of error."""

from collections.abc import Mapping
from typing import Final

from app.errors import ErrorKind

STATUS: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.INVALID: 422,
    ErrorKind.MALFORMED: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.NOT_ACCEPTABLE: 406,
    ErrorKind.GONE: 410,
    ErrorKind.CONFLICT: 409,
    ErrorKind.PRECONDITION_FAILED: 412,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorKind.RANGE_NOT_SATISFIABLE: 416,
    ErrorKind.HEADERS_TOO_LARGE: 431,
    ErrorKind.BODY_TIMEOUT: 408,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.NOT_SUPPORTED: 501,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.TIMEOUT: 504,
}
