"""Classifies errors of PostgreSQL and its drivers, and translates them to errors of the product.

The SQLSTATE decides where there is one: by its longest known prefix, so that a code of a known class needs no entry of
its own. Otherwise the exception hierarchy of the driver decides. SQLAlchemy's asyncpg dialect raises plain
``DBAPIError`` for most errors, so the wrapped errors are examined, too.
Source: https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, ResourceClosedError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Conflict, DomainError, InvalidValue, TimedOut, Unavailable

FOREIGN_KEY_VIOLATION: Final = "23503"
UNIQUE_VIOLATION: Final = "23505"
LOCK_NOT_AVAILABLE: Final = "55P03"
_SHORT: Final = 1
_LONG: Final = 2
"""Seconds after which the client may retry."""


class UnstorableValue(InvalidValue):
    code = "unstorable_value"
    detail = "A value cannot be stored: it is out of range or holds a character that text cannot hold."


class StaleReference(Conflict):
    code = "stale_reference"
    detail = "Something that this request refers to was removed in the meantime."


class AlreadyExists(Conflict):
    code = "already_exists"
    detail = "There is one already."


class Retryable(Unavailable):
    """The statement or the transaction had no effect, and another attempt on another connection may succeed at once."""


class ConnectionLost(Retryable):
    """The connection ended before the reply."""


class TransactionConflict(Retryable):
    """PostgreSQL rolled the transaction back in favour of another one: a deadlock or a serialisation failure."""


def _unavailable() -> DomainError:
    return Unavailable(retry_after=_LONG)


def _lost() -> DomainError:
    return ConnectionLost(retry_after=_SHORT)


def _conflict() -> DomainError:
    return TransactionConflict("The server was busy with a conflicting change.", retry_after=_SHORT)


def _busy() -> DomainError:
    return Unavailable("The server was busy with a conflicting change.", retry_after=_SHORT)


def _timed_out() -> DomainError:
    return TimedOut(retry_after=_SHORT)


_BY_SQLSTATE: Final[Mapping[str, Callable[[], DomainError]]] = {
    "08": _lost,
    "22": UnstorableValue,
    FOREIGN_KEY_VIOLATION: StaleReference,
    UNIQUE_VIOLATION: AlreadyExists,
    # A replica accepts no writes: after a failover the address leads to the new primary a moment later.
    "25006": _unavailable,
    # The server closed an idle transaction, or ended one that took too long.
    "25P03": _lost,
    "25P04": _timed_out,
    # A prepared statement that the server does not know: a pooler in between gave the connection another backend.
    "26": _lost,
    # The server rejects the credentials, or the database does not exist: the operator is changing them.
    "28": _unavailable,
    "3D": _unavailable,
    "40": _conflict,
    # The outcome is unknown.
    "40003": _unavailable,
    "53": _unavailable,
    "55006": _busy,
    LOCK_NOT_AVAILABLE: _busy,
    "57": _unavailable,
    "57014": _timed_out,
    # An administrator, a crash of another backend or an idle timeout ended this one.
    "57P01": _lost,
    "57P02": _lost,
    "57P05": _lost,
    "58": _unavailable,
}
_LONGEST: Final = 5
_SHORTEST: Final = 2
DRIVER_ERRORS: Final = (
    DBAPIError,
    # From a method of SQLAlchemy's adapter that is called directly, as for BEGIN; the error of asyncpg is its cause.
    EmulatedDBAPIException,
    PoolTimeout,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncio.IncompleteReadError,
    OSError,
    TimeoutError,
)
"""The roots of everything that a driver or a socket raises. A defect of the code may have one of them as its cause."""
_LOST: Final = (
    asyncpg.InterfaceError,
    # On a connection that is used while the driver detects the loss of the server.
    asyncpg.InternalClientError,
    asyncio.IncompleteReadError,
    ConnectionResetError,
    BrokenPipeError,
)
_MISUSE: Final = (
    asyncpg.ClientConfigurationError,
    asyncpg.UnsupportedClientFeatureError,
    asyncpg.UnsupportedServerFeatureError,
)
"""Interface errors that a change of the code or the settings resolves, and a retry does not."""

LOST_FIRST_CONNECTION: Final = (ResourceClosedError, NotImplementedError)
"""What SQLAlchemy raises if the first connection of an engine is lost, on which it asks the server for its settings.

Elsewhere they are defects of the code.
"""


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and the errors of the driver that it wraps."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__


def sqlstate(error: BaseException) -> str | None:
    """The error code of PostgreSQL (five characters), from an error of the driver or one that wraps it."""
    return next((code for one in error_chain(error) if isinstance(code := getattr(one, "sqlstate", None), str)), None)


def constraint(error: BaseException) -> str | None:
    """The name of the violated constraint, if PostgreSQL reports one."""
    names = (getattr(one, "constraint_name", None) for one in error_chain(error))
    return next((name for name in names if isinstance(name, str)), None)


def domain_error(error: BaseException) -> DomainError | None:
    """The error to report to the caller, or None for a defect of the code."""
    if not isinstance(error, DRIVER_ERRORS):
        return None
    chain = list(error_chain(error))
    if any(isinstance(one, asyncpg.InvalidCachedStatementError) for one in chain):
        # A migration changed a table since the statement was prepared; the driver has discarded its plan.
        return _lost()
    code = sqlstate(error)
    if code is not None:
        return _by_code(code)
    return next((found for one in chain if (found := _by_class(one)) is not None), None)


def rejects_statement(error: BaseException) -> bool:
    """Whether PostgreSQL replied that the statement failed, so that it certainly had no effect.

    Without a reply, or when the server ends the connection, a statement that commits by itself may have taken effect.
    """
    code = sqlstate(error)
    return code is not None and not code.startswith(("08", "25P", "57"))


def interrupts_statement(error: BaseException) -> bool:
    """Whether the error ended a block before the reply to its statement, so that the connection must be terminated.

    A rollback or another statement would wait for that reply, which may never arrive. After an error that the server
    reported, after a value that the driver rejected and after a defect of the code, the connection is usable.
    """
    if not isinstance(error, Exception):
        return True
    if isinstance(error, Unavailable):
        return True
    replied = (asyncpg.PostgresError, asyncpg.DataError)
    return isinstance(error, DRIVER_ERRORS) and not any(isinstance(one, replied) for one in error_chain(error))


def _by_code(code: str) -> DomainError | None:
    prefixes = (code[:length] for length in range(_LONGEST, _SHORTEST - 1, -1))
    return next((_BY_SQLSTATE[prefix]() for prefix in prefixes if prefix in _BY_SQLSTATE), None)


def _by_class(error: BaseException) -> DomainError | None:
    if isinstance(error, asyncpg.DataError):
        # asyncpg rejects the value before it is sent to PostgreSQL.
        return UnstorableValue()
    if isinstance(error, _MISUSE):
        return None
    if isinstance(error, TimeoutError | PoolTimeout):
        return Unavailable(retry_after=_SHORT)
    if isinstance(error, _LOST) or getattr(error, "connection_invalidated", False):
        return _lost()
    return _unavailable() if isinstance(error, OSError) else None


class _Translation:
    """Stateless, and a class because a generator for each statement would cost more."""

    __slots__ = ()

    async def __aenter__(self) -> None:
        """Do nothing."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and (translation := domain_error(error)) is not None:
            raise translation from error


_TRANSLATION: Final = _Translation()


def translate_errors() -> AbstractAsyncContextManager[None]:
    """Raise a ``DomainError`` in place of a database error that is reported to the caller."""
    return _TRANSLATION
