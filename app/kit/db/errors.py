"""What PostgreSQL says went wrong, in the product's words.

SQLAlchemy's asyncpg dialect raises plain ``DBAPIError`` for most failures, so the SQLSTATE decides, not the class.
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
    """The five characters of PostgreSQL's error code, from the driver's error or one that wraps it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(code := getattr(seen, "sqlstate", None), str):
            return code
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return None


def constraint(error: BaseException) -> str | None:
    """The name of the violated constraint, where PostgreSQL gives one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(name := getattr(seen, "constraint_name", None), str):
            return name
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return None


def domain_error(error: BaseException) -> DomainError | None:
    """The failure to report, or None when it is a defect of ours."""
    code = sqlstate(error)
    if code is None:
        if isinstance(error, TimeoutError | asyncio.TimeoutError | PoolTimeout):
            return Unavailable(retry_after=1)
        if isinstance(error, _CONNECTION_FAILURES) or getattr(error, "connection_invalidated", False):
            return Unavailable(retry_after=2)
        # asyncpg refuses a value before PostgreSQL sees it.
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
    """Stateless, and a class: a generator for each statement would cost more than the statement's own code."""

    __slots__ = ()

    async def __aenter__(self) -> None:
        """Nothing to prepare."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _TRANSLATABLE) and (failure := domain_error(error)) is not None:
            raise failure from error


_TRANSLATION: Final = _Translation()


def translated() -> AbstractAsyncContextManager[None]:
    """Raise a ``DomainError`` for a database failure that the caller may be told about."""
    return _TRANSLATION
