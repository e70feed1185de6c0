"""Runs Alembic with the address of a database instead of a configuration file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from app.kit.db.errors import sqlstate

_TIMEOUTS: Final = frozenset({"55P03", "57014"})
"""SQLSTATE of a lock timeout and of a statement timeout."""
_SCRIPTS: Final = Path(__file__).parents[2] / "migrations"


class MigrationTimeout(Exception):
    """A migration waited too long for a lock, or one of its statements ran too long; the message is PostgreSQL's."""


@dataclass(frozen=True, slots=True)
class Role:
    """The role with which the application connects. It is created with this password if it does not exist."""

    name: str
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, dsn: str) -> "Role":
        """The role of a URL."""
        parts = urlsplit(dsn)
        return cls(unquote(parts.username or ""), None if parts.password is None else unquote(parts.password))


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """The revision of a database, the newest revision, and the pending ones, oldest first."""

    current: str | None
    head: str | None
    pending: list[str]


def upgrade(dsn: str, revision: str = "head", role: Role | None = None) -> None:
    """Upgrade the database to ``revision``, and grant to ``role`` what the application needs.

    Concurrent runs wait for each other. Raises ``MigrationTimeout``.
    """
    with _timeouts():
        command.upgrade(_config(dsn, exclusive=True, role=role), revision)


def downgrade(dsn: str, revision: str) -> None:
    """Downgrade to ``revision``; ``-1`` is one step, ``base`` an empty database. Raises ``MigrationTimeout``."""
    with _timeouts():
        command.downgrade(_config(dsn, exclusive=True), revision)


def check(dsn: str) -> None:
    """Raise ``alembic.util.CommandError`` if the tables differ from the models."""
    command.check(_config(dsn))


def status(dsn: str) -> MigrationStatus:
    """Compare the database with the migrations, without writing and without waiting for a lock.

    Raises ``alembic.util.CommandError`` if this code does not contain the revision of the database.
    """
    config = _config(dsn)
    scripts = ScriptDirectory.from_config(config)
    current: list[str | None] = []

    def record(revision: Any, _context: Any) -> list[Any]:
        current.append(revision[0] if revision else None)
        return []

    _run(config, scripts, record)
    found = current[0] if current else None
    head = scripts.get_current_head()
    try:
        pending = [script.revision for script in scripts.iterate_revisions(head, found)] if head != found else []
    except RevisionError:
        message = f"The database is at revision {found}, which this code does not know."
        raise CommandError(message) from None
    return MigrationStatus(found, head, pending[::-1])


@contextmanager
def _timeouts() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) in _TIMEOUTS and error.orig is not None:
            raise MigrationTimeout(str(error.orig.__cause__ or error.orig)) from error
        raise


def _run(config: Config, scripts: ScriptDirectory, function: Callable[..., Any]) -> None:
    with EnvironmentContext(config, scripts, fn=function, dont_mutate=True):
        scripts.run_env()


def _config(dsn: str, *, exclusive: bool = False, role: Role | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.attributes |= {"dsn": dsn, "exclusive": exclusive, "role": role}
    return config
