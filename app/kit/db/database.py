"""The database connections of one process: an asyncpg pool for single statements, an engine for transactions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.errors import DomainError, Unavailable
from app.kit.db.availability import Availability
from app.kit.db.commit_errors import commit_error
from app.kit.db.connection_pool import ConnectionPool
from app.kit.db.copies import Copies, CopyPool
from app.kit.db.errors import domain_error, interrupts_statement
from app.kit.db.instrumentation import DatabaseMetrics, NullDatabaseMetrics, observe_engine, timed_pool
from app.kit.db.nudges import Notifier
from app.kit.db.sessions import Nudge, ReadSession, WriteSession
from app.kit.db.single_writes import SingleWrites
from app.kit.db.timestamps import SESSION, set_timestamp_codec
from app.kit.db.tracing import trace_statements
from app.settings.database import DatabaseSettings
from observability.tracing.recording import client_span

_NO_METRICS: Final = NullDatabaseMetrics()
_CLOSE_SECONDS: Final = 5.0
_COMMIT: Final = {"db.system.name": "postgresql", "db.operation.name": "COMMIT"}


Send = Callable[[Iterable[Nudge]], None]


def _ignore(_nudges: Iterable[Nudge]) -> None:
    """Send no nudges."""


class UnitOfWork(Protocol):
    """The interface of the database for services."""

    @property
    def reads(self) -> ReadSession: ...

    @property
    def single_writes(self) -> SingleWrites: ...

    @property
    def copies(self) -> Copies: ...

    def write(self) -> "Any":
        """An asynchronous context manager of a ``WriteSession``: one transaction."""

    async def ping(self) -> None:
        """Raise ``Unavailable`` unless the server replies."""

    def observed(self) -> AbstractAsyncContextManager[None]:
        """Observe in the background, during the block, whether the server replies."""

    async def close(self) -> None: ...


class Database:
    """PostgreSQL with three connection pools of bounded size."""

    def __init__(
        self,
        connections: ConnectionPool,
        engine: AsyncEngine,
        copies: CopyPool,
        availability: Availability,
        metrics: DatabaseMetrics,
        single_writes: SingleWrites,
    ) -> None:
        self._engine = engine
        self._metrics = metrics
        self._copies = copies
        self._connections = connections
        self._availability = availability
        self._notifier = Notifier(connections)
        self.reads = ReadSession(connections, metrics)
        self.single_writes = single_writes

    @property
    def copies(self) -> Copies:
        """The connections of exports."""
        return self._copies

    @classmethod
    async def open(cls, dsn: str, settings: DatabaseSettings, metrics: DatabaseMetrics = _NO_METRICS) -> Self:
        """Build the pools. A connection is opened by the first statement that needs it, so the server may be down.

        ``dsn`` is a ``postgresql://`` URL; a Unix socket is ``postgresql://user@/name?host=/folder``.
        """
        session = {
            "application_name": "strata",
            "statement_timeout": f"{settings.statement_timeout * 1000:.0f}",
            "lock_timeout": f"{settings.lock_timeout * 1000:.0f}",
            # A process that stops inside a transaction would keep its locks until its connection breaks.
            "idle_in_transaction_session_timeout": f"{settings.idle_transaction_timeout * 1000:.0f}",
            **SESSION,
            # A custom plan beats a generic one on optional filters, and planning is cheap compared to the round trip.
            "jit": "off",
        }
        pool = await asyncpg.create_pool(
            dsn,
            # asyncpg would restore a minimum in the background, with a traceback for each failed attempt.
            min_size=0,
            max_size=settings.read_pool_size,
            timeout=settings.connect_timeout,
            command_timeout=settings.statement_timeout + 1,
            server_settings=session,
            init=_set_codecs,
            reset=_skip_reset,
        )
        engine = create_async_engine(
            sqlalchemy_url(dsn),
            poolclass=timed_pool(metrics),
            pool_size=settings.write_pool_size,
            max_overflow=0,
            pool_timeout=settings.connect_timeout,
            pool_recycle=1800,
            pool_use_lifo=True,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": settings.connect_timeout,
                "command_timeout": settings.statement_timeout + 1,
                "server_settings": session,
            },
        )
        observe_engine(engine, metrics)
        trace_statements(engine.sync_engine)
        limit = settings.connect_timeout + settings.statement_timeout + 1
        connections = ConnectionPool(pool, settings.connect_timeout, limit, metrics)
        availability = Availability(
            dsn, {"timeout": settings.connect_timeout, "server_settings": {"application_name": "strata probe"}}, metrics
        )
        writes = SingleWrites(connections, max(1, settings.read_pool_size // 2), settings.connect_timeout, metrics)
        return cls(connections, engine, await CopyPool.open(dsn, settings), availability, metrics, writes)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """One transaction: committed at the end of the block, rolled back if it raises.

        A connection is acquired by the first statement, so slow work before it (a password hash) occupies none.
        """
        session = WriteSession(self._engine, expire_on_commit=False)
        session.metrics = self._metrics
        async with transaction(session, self._notifier.send):
            yield session

    async def ping(self) -> None:
        """Raise ``Unavailable`` unless the server replies; while ``observed``, from the last observation."""
        if not await self._availability.check():
            raise Unavailable

    def observed(self) -> AbstractAsyncContextManager[None]:
        """Observe in the background, during the block, whether the server replies."""
        return self._availability.observing()

    async def close(self) -> None:
        """Close every connection after its running statement; after 5 seconds without waiting."""
        self._availability.close()
        await self._notifier.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._engine.dispose()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connections.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._copies.close()


@asynccontextmanager
async def transaction(session: WriteSession, send: Send = _ignore) -> AsyncIterator[WriteSession]:
    """Commit at the end of the block, and after a ``DomainError`` only if the error ``keeps_changes``.

    ``send`` receives the nudges of the session after the commit.
    Raises ``Retryable`` if the transaction had no effect and may run again: see ``app.kit.db.retries``.
    """
    try:
        async with session:
            try:
                yield session
                await _commit(session, send)
            except BaseException as error:
                if isinstance(error, DomainError) and error.keeps_changes:
                    await _commit(session, send)
                elif interrupts_statement(error):
                    await session.discard()
                raise
    except Exception as error:
        translation = domain_error(error)
        if session.committing:
            translation = commit_error(error, translation)
        if translation is None:
            raise
        raise translation from error
    finally:
        session.leave_deadline()


async def _commit(session: WriteSession, send: Send) -> None:
    await session.flush()
    await session.insert_rows()
    if (driver := session.known_driver) is None:
        return
    if driver.is_in_transaction():
        with client_span("COMMIT", _COMMIT):
            session.committing = True
            await session.commit()
    send(session.take_nudges())


def sqlalchemy_url(dsn: str) -> str:
    """The address as an SQLAlchemy URL of the asyncpg dialect."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    # urlunsplit drops the slashes of an empty authority, which the address of a socket can have.
    tail = urlunsplit(("", "", parts.path, urlencode(query), ""))
    return f"postgresql+asyncpg://{parts.netloc}{tail}"


async def _set_codecs(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )
    await set_timestamp_codec(connection)


async def _skip_reset(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Reads do not change the state of the database session, so the round trip of a reset query is saved."""
