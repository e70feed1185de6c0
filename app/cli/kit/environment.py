"""The settings of a command, and its connection to a database that is reachable and migrated."""

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import structlog
from alembic.util import CommandError as AlembicError
from sqlalchemy.exc import DBAPIError

from app.access.permissions import declared_permissions
from app.access.principal import Principal, Role
from app.cli.kit.output import CommandError
from app.errors import Unavailable
from app.kit.db import migrations
from app.kit.db.database import Database
from app.kit.db.embedded import APPLICATION_ROLE, EmbeddedPostgres
from app.kit.db.errors import DRIVER_ERRORS, domain_error, sqlstate
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError
from app.settings.loading import database_url, load_settings
from app.settings.root import Settings
from observability.concurrency.backoff import Backoff
from observability.run_folder import running_in

Result = TypeVar("Result")


def operator() -> Principal:
    """The principal of commands: it has every permission and no user."""
    return Principal(0, UUID(int=0), (Role.ADMIN,), declared_permissions())


def read_settings(*, generate: bool = True) -> Settings:
    """The settings of this process, with an absolute home. ``PORT`` takes precedence over ``STRATA_HTTP__PORT``."""
    overrides: dict[str, object] = {}
    if port := os.environ.get("PORT"):
        if not port.isascii() or not port.isdecimal():
            message = f"PORT must be a number, got '{port}'."
            raise SettingsError(message)
        overrides["http"] = {"port": int(port)}
    settings = load_settings(generate=generate, **overrides)
    return settings.model_copy(update={"home": Path(os.path.abspath(settings.home))})  # noqa: PTH100 - follow no link


def runs_folder(home: Path) -> Path:
    """The folder with a run folder for each server and worker of this home."""
    return home / "runs"


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Allow one ``strata up`` per home; the kernel releases the lock of a process that dies."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another strata process is using {home}."
            raise CommandError(message, "Stop it, or set another STRATA_HOME and PORT for this one.") from None
        yield


def running_database(settings: Settings) -> str:
    """The URL of the configured database, or of the running embedded server."""
    url = settings[DatabaseSettings].url
    if url is not None:
        return url.get_secret_value()
    server = EmbeddedPostgres(settings.home)
    if not server.running():
        message = f"No database is running for {settings.home}."
        raise CommandError(message, "Run `strata up` in another terminal, or set STRATA_DATABASE__URL.")
    return server.application_dsn()


@contextmanager
def exclusive_home(home: Path) -> Iterator[None]:
    """Lock the home for the block. Raises ``CommandError`` while another process uses it: a server, a worker."""
    with home_lock(home):
        if running_in(runs_folder(home)):
            message = f"A server or worker is using {home}."
            raise CommandError(message, "Nothing was changed. Stop every server and worker of this STRATA_HOME first.")
        yield


@contextmanager
def any_database(settings: Settings) -> Iterator[str]:
    """The URL of a database for a short command; a stopped embedded server is started for its duration."""
    if settings[DatabaseSettings].url is not None or EmbeddedPostgres(settings.home).running():
        yield running_database(settings)
        return
    with home_lock(settings.home), EmbeddedPostgres(settings.home) as server:
        yield server.application_dsn()


@dataclass(frozen=True, slots=True)
class OwnedDatabase:
    """A database for the role that owns the tables; ``role`` is that of the application, if it is another one."""

    dsn: str
    role: migrations.Role | None


def owned_database(settings: Settings) -> OwnedDatabase:
    """The database of the settings for its owner. Needs a URL in the settings."""
    database = settings[DatabaseSettings]
    url = database_url(settings)
    if database.owner_url is None:
        return OwnedDatabase(url, None)
    return OwnedDatabase(database.owner_url.get_secret_value(), migrations.Role.of(url))


def owned_by(server: EmbeddedPostgres) -> OwnedDatabase:
    """The database of the embedded server for its owner."""
    return OwnedDatabase(server.dsn(), migrations.Role(APPLICATION_ROLE))


@contextmanager
def any_owned_database(settings: Settings, *, exclusive: bool = False) -> Iterator[OwnedDatabase]:
    """A database for a migration; a stopped embedded server is started for its duration.

    ``exclusive``: the caller is in ``exclusive_home``, which locks the home already.
    """
    if settings[DatabaseSettings].url is not None:
        yield owned_database(settings)
        return
    server = EmbeddedPostgres(settings.home)
    if server.running():
        yield owned_by(server)
        return
    with nullcontext() if exclusive else home_lock(settings.home), server:
        yield owned_by(server)


_START_BACKOFF: Final = Backoff(first=0.2, longest=5.0)
_WRONG_SETTINGS: Final = ("28", "3D")
"""Classes of SQLSTATE: the user or the database does not exist, or the password is wrong."""
_LOG: Final = structlog.get_logger()
_AFTER_TIMEOUT: Final = (
    "End long transactions (`SELECT * FROM pg_stat_activity`), then run `strata migrate up` again: it continues where "
    "it stopped. A migration that needs more time sets its own limit."
)


@contextmanager
def reachable() -> Iterator[None]:
    """Turn database errors of the block into a ``CommandError`` of one line."""
    advice = "Check STRATA_DATABASE__URL, and that the server is running; `strata doctor` reports details."
    try:
        yield
    except Unavailable as error:
        raise CommandError(str(error), advice) from None
    except migrations.MigrationTimeout as error:
        message = f"A migration timed out: {error}."
        raise CommandError(message, _AFTER_TIMEOUT) from None
    except DBAPIError as error:
        message = f"The database reported an error: {error.orig}"
        raise CommandError(message, advice) from None
    except (*DRIVER_ERRORS, ValueError) as error:
        message = f"The database cannot be reached: {error or type(error).__name__}"
        raise CommandError(message, advice) from None


def migration_status(dsn: str) -> migrations.MigrationStatus:
    """The revision of the database. Raises ``CommandError`` if a newer release migrated it."""
    try:
        return migrations.status(dsn)
    except AlembicError as error:
        raise CommandError(str(error), "A newer release migrated the database: use that release.") from None


def ensure_migrated(dsn: str) -> None:
    """Raise ``CommandError`` if migrations are pending."""
    with reachable():
        status = migration_status(dsn)
    if status.pending:
        message = f"The database lacks {len(status.pending)} migration(s)."
        raise CommandError(message, "Run `strata migrate up`.")


def wait_until_migrated(dsn: str) -> None:
    """Wait while the database is down, then raise ``CommandError`` if migrations are pending."""
    wait_while_down(lambda: ensure_migrated(dsn))


def wait_while_down(action: Callable[[], Result]) -> Result:
    """Return the result of ``action``, which is repeated while it fails because the database is down.

    ``action`` raises errors of the database as ``reachable`` does. Rejected credentials and a missing database are
    errors of the settings: they are raised at once.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    failures = 0
    while True:
        try:
            return action()
        except CommandError as error:
            cause = error.__context__
            if cause is None or not _is_outage(cause):
                raise
            delay = _START_BACKOFF.delay(failures)
            failures += 1
            _LOG.warning("database_unavailable", reason=str(error), failures=failures, retry_in=round(delay, 1))
            time.sleep(delay)


def _is_outage(error: BaseException) -> bool:
    code = sqlstate(error) or ""
    return isinstance(domain_error(error), Unavailable) and not code.startswith(_WRONG_SETTINGS)


def with_database(function: Callable[[Database], Awaitable[Result]]) -> Result:
    """Run a coroutine function of a short command with the migrated database of this environment."""
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
