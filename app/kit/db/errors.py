"""Translates errors of PostgreSQL and its drivers to errors of the product.

SQLAlchemy's asyncpg dialect raises plain ``DBAPIError`` for most errors, so the SQLSTATE decides and not the class.
Source: https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Conflict, DomainError, InvalidValue, TimedOut, Unavailable

UNIQUE_VIOLATION: Final = "23505"
_RETRYABLE: Final = frozenset({"40001", "40P01", "55P03"})
_CANCELLED: Final = "57014"
_TRANSLATABLE = (
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    PoolTimeout,
    OSError,
    TimeoutError,
)
_CONNECTION_FAILURES = (ConnectionError, OSError, asyncpg.InterfaceError, PoolTimeout)


class UnstorableValue(InvalidValue):
    code = "unstorable_value"
    detail = "A value cannot be stored: it is out of range or holds a character that text cannot hold."


class StaleReference(Conflict):
    code = "stale_reference"
    detail = "Something that this request refers to was removed in the meantime."


class AlreadyExists(Conflict):
    code = "already_exists"
    detail = "There is one already."


def sqlstate(error: BaseException) -> str | None:
    """The error code of PostgreSQL (five characters), from an error of the driver or one that wraps it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(code := getattr(seen, "sqlstate", None), str):
            return code
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return None


def constraint(error: BaseException) -> str | None:
    """The name of the violated constraint, if PostgreSQL reports one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(name := getattr(seen, "constraint_name", None), str):
            return name
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return None


def domain_error(error: BaseException) -> DomainError | None:
    """The error to report to the caller, or None for a defect of the code."""
    code = sqlstate(error)
    if code is None:
        if isinstance(error, TimeoutError | asyncio.TimeoutError | PoolTimeout):
            return Unavailable(retry_after=1)
        if isinstance(error, _CONNECTION_FAILURES) or getattr(error, "connection_invalidated", False):
            return Unavailable(retry_after=2)
        # asyncpg rejects the value before it is sent to PostgreSQL.
        if isinstance(error, asyncpg.DataError) or isinstance(getattr(error, "orig", None), asyncpg.DataError):
            return UnstorableValue()
        return None
    return _by_code(code)


def _by_code(code: str) -> DomainError | None:
    if code == _CANCELLED:
        return TimedOut()
    if code in _RETRYABLE:
        return Unavailable("The server was busy with a conflicting change.", retry_after=1)
    if code == UNIQUE_VIOLATION:
        return AlreadyExists()
    if code.startswith(("08", "57P", "53")):
        return Unavailable(retry_after=2)
    if code == "23503":
        return StaleReference()
    return UnstorableValue() if code.startswith("22") else None


class _Translation:
    """Stateless, and a class because a generator for each statement would cost more."""

    __slots__ = ()

    async def __aenter__(self) -> None:
        """Do nothing."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _TRANSLATABLE) and (translation := domain_error(error)) is not None:
            raise translation from error


_TRANSLATION: Final = _Translation()


def translate_errors() -> AbstractAsyncContextManager[None]:
    """Raise a ``DomainError`` in place of a database error that is reported to the caller."""
    return _TRANSLATION
