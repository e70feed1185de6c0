"""The connections of one process: a pool for reads on the driver, an engine for transactions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.errors import DomainError
from app.kit.db.connection_pool import ConnectionPool
from app.kit.db.errors import translated
from app.kit.db.instrumentation import DatabaseMetrics, NullDatabaseMetrics, observe_engine, timed_pool
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.db.tracing import trace_statements
from app.settings.database import DatabaseSettings
from observability.tracing.recording import client_span

_NO_METRICS: Final = NullDatabaseMetrics()
_COMMIT: Final = {"db.system.name": "postgresql", "db.operation.name": "COMMIT"}


class UnitOfWork(Protocol):
    """What the rest of the product knows of the database."""

    @property
    def reads(self) -> ReadSession: ...

    def write(self) -> "Any":
        """An asynchronous context manager of a ``WriteSession``: one transaction."""

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


class Database:
    """PostgreSQL, reached through two pools of bounded size."""

    def __init__(self, connections: ConnectionPool, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connections = connections
        self.reads = ReadSession(connections)

    @classmethod
    async def open(cls, dsn: str, settings: DatabaseSettings, metrics: DatabaseMetrics = _NO_METRICS) -> Self:
        """Connect, or raise ``OSError``/``asyncpg.PostgresError`` when the server cannot be reached.

        ``dsn`` is a ``postgresql://`` URL; a Unix socket is ``postgresql://user@/name?host=/folder``.
        """
        session = {
            "application_name": "strata",
            "statement_timeout": f"{settings.statement_timeout * 1000:.0f}",
            "lock_timeout": f"{settings.lock_timeout * 1000:.0f}",
            "timezone": "UTC",
            # A generic plan loses to a custom one on optional filters; planning is cheap beside the round trip.
            "jit": "off",
        }
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=settings.read_pool_size,
            timeout=settings.connect_timeout,
            command_timeout=settings.statement_timeout + 1,
            server_settings=session,
            init=_set_codecs,
            reset=_keep_state,
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
        return cls(ConnectionPool(pool, settings.connect_timeout, metrics), engine)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """One transaction: committed when the block ends, rolled back when it raises.

        No connection is taken before the first statement, so work that needs none (a password's hash) blocks nobody.
        """
        async with translated(), transaction(WriteSession(self._engine, expire_on_commit=False)) as session:
            yield session

    async def ping(self) -> None:
        """Return when the server answers, raise ``Unavailable`` when it does not."""
        async with translated(), asyncio.timeout(2), self._connections.acquire() as connection:
            await connection.execute("SELECT 1")

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
        await self._connections.close()


@asynccontextmanager
async def transaction(session: WriteSession) -> AsyncIterator[WriteSession]:
    """Commit what the block did, unless it raised a failure that does not ask for its changes to be kept."""
    async with session:
        try:
            yield session
        except DomainError as failure:
            if failure.keeps_changes:
                await _commit(session)
            raise
        await _commit(session)


async def _commit(session: WriteSession) -> None:
    await session.flush()
    if session.in_transaction():
        with client_span("COMMIT", _COMMIT):
            await session.commit()


def sqlalchemy_url(dsn: str) -> str:
    """The same address in SQLAlchemy's form, whose dialect speaks asyncpg."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    # urlunsplit drops the slashes of an empty authority, which a socket address may have.
    tail = urlunsplit(("", "", parts.path, urlencode(query), ""))
    return f"postgresql+asyncpg://{parts.netloc}{tail}"


async def _set_codecs(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )


async def _keep_state(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Reads change no session state, so the reset query's round trip would buy nothing."""
