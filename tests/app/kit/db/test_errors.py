"""Every error of the driver has a class: an outage, a conflict, a value, or a defect."""

import asyncio
import ssl
from collections.abc import Iterator

import asyncpg
import pytest
from asyncpg import exceptions
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import DomainError, TimedOut, Unavailable
from app.kit.db.errors import (
    AlreadyExists,
    ConnectionLost,
    StaleReference,
    TransactionConflict,
    UnstorableValue,
    domain_error,
    interrupts_statement,
    sqlstate,
)

OUTAGE_CLASSES = ("08", "53", "57", "58", "28", "3D")
VALUES = "22"


def reported() -> Iterator[type[asyncpg.PostgresError]]:
    """Every error class of asyncpg with a SQLSTATE."""
    for value in vars(exceptions).values():
        if isinstance(value, type) and issubclass(value, asyncpg.PostgresError) and value.sqlstate:
            yield value


def error_of(code: str) -> asyncpg.PostgresError:
    error = asyncpg.PostgresError("text")
    error.sqlstate = code
    return error


def classified(error: BaseException) -> type[DomainError] | None:
    found = domain_error(error)
    return None if found is None else type(found)


def test_every_code_of_an_outage_class_is_unavailable() -> None:
    codes = {kind.sqlstate for kind in reported() if kind.sqlstate[:2] in OUTAGE_CLASSES}
    assert len(codes) > 25
    for code in codes - {"57014"}:
        assert issubclass(classified(error_of(code)) or object, Unavailable), code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("57014", TimedOut),
        ("57P01", ConnectionLost),
        ("57P02", ConnectionLost),
        ("57P03", Unavailable),
        ("57ZZZ", Unavailable),
        ("53300", Unavailable),
        ("08ZZZ", ConnectionLost),
        ("40001", TransactionConflict),
        ("40P01", TransactionConflict),
        ("40003", Unavailable),
        ("55P03", Unavailable),
        ("25006", Unavailable),
        ("25P03", ConnectionLost),
        ("25P04", TimedOut),
        ("26000", ConnectionLost),
        ("28P01", Unavailable),
        ("3D000", Unavailable),
        ("55006", Unavailable),
        ("57P05", ConnectionLost),
        ("23505", AlreadyExists),
        ("23503", StaleReference),
        ("22003", UnstorableValue),
        ("22ZZZ", UnstorableValue),
        ("42601", None),
        ("42P01", None),
        ("25P02", None),
        ("XX000", None),
    ],
)
def test_the_longest_known_prefix_of_a_code_decides(code: str, kind: type[DomainError] | None) -> None:
    assert classified(error_of(code)) is kind
    wrapped = DBAPIError("SELECT 1", {}, error_of(code))
    assert classified(wrapped) is kind
    assert sqlstate(wrapped) == code


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.InterfaceError("connection is closed"), ConnectionLost),
        (asyncpg.InternalClientError("got result for unknown protocol state"), ConnectionLost),
        (exceptions.ProtocolError("unexpected message"), ConnectionLost),
        (exceptions.ConnectionDoesNotExistError("closed in the middle of operation"), ConnectionLost),
        (exceptions.CannotConnectNowError("the database system is starting up"), Unavailable),
        (exceptions.TooManyConnectionsError("too many clients"), Unavailable),
        (exceptions.AdminShutdownError("terminating connection"), ConnectionLost),
        (exceptions.InvalidCachedStatementError("cached plan must not change result type"), ConnectionLost),
        (ConnectionResetError(), ConnectionLost),
        (BrokenPipeError(), ConnectionLost),
        (asyncio.IncompleteReadError(b"", 5), ConnectionLost),
        (ConnectionRefusedError(), Unavailable),
        (FileNotFoundError(), Unavailable),
        (ssl.SSLError("closed"), Unavailable),
        (TimeoutError(), Unavailable),
        (PoolTimeout("pool"), Unavailable),
        (DBAPIError("SELECT 1", {}, Exception("closed"), connection_invalidated=True), ConnectionLost),
        (asyncpg.DataError("invalid input"), UnstorableValue),
        (exceptions.ClientConfigurationError("bad dsn"), None),
        (exceptions.UnsupportedClientFeatureError("no"), None),
        (ValueError("a defect"), None),
        (DisconnectionError("the pool handles it"), None),
    ],
)
def test_without_a_code_the_hierarchy_of_the_driver_decides(error: Exception, kind: type[DomainError] | None) -> None:
    assert classified(error) is kind


def test_a_defect_that_was_caused_by_an_outage_stays_a_defect() -> None:
    error = ValueError("a defect")
    error.__cause__ = ConnectionResetError()
    assert domain_error(error) is None


def test_a_503_and_a_504_say_when_to_retry() -> None:
    """A second later after what passes at once, two after what an operator or a failover must end."""
    for code, seconds in (("57014", 1), ("57P01", 1), ("57P03", 2), ("40001", 1), ("55P03", 1), ("53300", 2)):
        found = domain_error(error_of(code))
        assert found is not None
        assert found.retry_after == seconds


@pytest.mark.parametrize(
    ("error", "interrupts"),
    [
        (asyncio.CancelledError(), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (asyncpg.InternalClientError("state"), True),
        (Unavailable(), True),
        (error_of("23505"), False),
        (asyncpg.DataError("rejected before it was sent"), False),
        (ValueError("a defect"), False),
    ],
)
def test_a_connection_without_an_outstanding_reply_is_kept(error: BaseException, *, interrupts: bool) -> None:
    assert interrupts_statement(error) is interrupts
