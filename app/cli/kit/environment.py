"""What every command needs first: settings, and a database that is there, is migrated and answers."""

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import asyncpg
from alembic.util import CommandError as AlembicError
from pydantic_settings.exceptions import SettingsError as SourceError
from sqlalchemy.exc import DBAPIError

from app.access.permissions import declared_permissions
from app.access.principal import Principal, Role
from app.cli.kit.output import CommandError
from app.errors import Unavailable
from app.kit.db import migrations
from app.kit.db.database import Database
from app.kit.db.embedded import EmbeddedPostgres
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError
from app.settings.loading import load_settings
from app.settings.root import Settings

Result = TypeVar("Result")


def operator() -> Principal:
    """The principal of commands: it has every permission and no user."""
    return Principal(0, UUID(int=0), (Role.ADMIN,), declared_permissions())


def read_settings(*, generate: bool = True) -> Settings:
    """The settings of this process, with an absolute home. ``PORT`` wins over ``STRATA_HTTP__PORT``."""
    overrides: dict[str, object] = {}
    if port := os.environ.get("PORT"):
        if not port.isascii() or not port.isdecimal():
            message = f"PORT is '{port}', which is no number."
            raise SettingsError(message)
        overrides["http"] = {"port": int(port)}
    try:
        settings = load_settings(generate=generate, **overrides)
    except SourceError as error:
        raise SettingsError(str(error)) from None
    return settings.model_copy(update={"home": Path(os.path.abspath(settings.home))})  # noqa: PTH100 - follow no link


def runs_folder(home: Path) -> Path:
    """Where each server and worker of this home keeps what its processes share."""
    return home / "runs"


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Let one ``strata up`` at a time use a home; the kernel frees the lock of a process that dies."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another strata is at work in {home}."
            raise CommandError(message, "Stop it, or give this one its own STRATA_HOME and PORT.") from None
        yield


def running_database(settings: Settings) -> str:
    """The address of the configured database, or of the embedded server if it runs."""
    url = settings[DatabaseSettings].url
    if url is not None:
        return url.get_secret_value()
    server = EmbeddedPostgres(settings.home)
    if not server.running():
        message = f"No database runs for {settings.home}."
        raise CommandError(message, "Run `strata up` in another terminal, or set STRATA_DATABASE__URL.")
    return server.dsn()


@contextmanager
def any_database(settings: Settings) -> Iterator[str]:
    """The address of a database for a short command: an embedded server that does not run is started meanwhile."""
    if settings[DatabaseSettings].url is not None or EmbeddedPostgres(settings.home).running():
        yield running_database(settings)
        return
    with home_lock(settings.home), EmbeddedPostgres(settings.home) as server:
        yield server.dsn()


# The last: what asyncpg says to whoever uses a connection while it notices that the server has gone.
_NO_ANSWER: Final = (
    OSError,
    TimeoutError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


_AFTER_TIMEOUT: Final = (
    "End long transactions (`SELECT * FROM pg_stat_activity`), then run `strata migrate up` again: it continues where "
    "it stopped. A migration that needs more time sets its own limit."
)


@contextmanager
def reachable() -> Iterator[None]:
    """Say in one line that the database cannot be used."""
    advice = "Check STRATA_DATABASE__URL, and that the server runs; `strata doctor` looks closer."
    try:
        yield
    except Unavailable as error:
        raise CommandError(str(error), advice) from None
    except migrations.MigrationTimeout as error:
        message = f"A migration timed out: {error}."
        raise CommandError(message, _AFTER_TIMEOUT) from None
    except DBAPIError as error:
        message = f"The database refused: {error.orig}"
        raise CommandError(message, advice) from None
    except _NO_ANSWER as error:
        message = f"The database cannot be reached: {error or type(error).__name__}"
        raise CommandError(message, advice) from None


def migration_status(dsn: str) -> migrations.MigrationStatus:
    """Where the database stands, or ``CommandError`` when this code is too old to know."""
    try:
        return migrations.status(dsn)
    except AlembicError as error:
        raise CommandError(str(error), "The database was migrated by newer code: use that.") from None


def ensure_migrated(dsn: str) -> None:
    """Raise ``CommandError`` unless the tables are those that this code expects."""
    with reachable():
        status = migration_status(dsn)
    if status.pending:
        message = f"The database lacks {len(status.pending)} migration(s)."
        raise CommandError(message, "Run `strata migrate up`.")


def with_database(function: Callable[[Database], Awaitable[Result]]) -> Result:
    """Run one coroutine of a short command on the migrated database of this environment."""
    settings = read_settings()

    async def run(dsn: str) -> Result:
        with reachable():
            database = await Database.open(dsn, settings[DatabaseSettings])
        try:
            return await function(database)
        finally:
            await database.close()

    with any_database(settings) as dsn:
        ensure_migrated(dsn)
        return asyncio.run(run(dsn))
