"""``strata doctor``: what is wrong here, and what to do about it."""

import asyncio
import errno
import http.client
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import asyncpg
import typer
from alembic.util import CommandError as AlembicError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rich.text import Text
from sqlalchemy.exc import DBAPIError

from app.cli.kit.environment import read_settings
from app.cli.kit.output import AsJson, CommandError, show_json, show_table
from app.cli.kit.ports import free_port
from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.kit.mail.mailer import mailbox_folder
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.mail import MailSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings
from observability.logs.redaction import redact_text

_OLDEST_SERVER: Final = 150_000
_OLDEST_REDIS: Final = 6
_UNREACHABLE: Final = (
    EmbeddedPostgresError,
    OSError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
_PRIVATE_FILES: Final = ("secrets.json", "credentials.json")


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row."""

    check: str
    verdict: Verdict
    detail: str
    advice: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Check settings, home, database, migrations, API, Redis and mail. The exit code is 1 when a check fails."""
    findings = list(_examine())
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        colours = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}
        show_table(
            ("check", "", "found", "what to do"),
            [(f.check, Text(f.verdict, style=colours[f.verdict]), f.detail, f.advice) for f in findings],
            empty="Nothing was checked.",
        )
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(1)


def _examine() -> Iterator[Finding]:
    try:
        settings = read_settings(generate=False)
    except (SettingsError, OSError) as error:
        yield Finding("settings", Verdict.FAIL, str(error), "Change the environment or .env.")
        return
    yield Finding("settings", Verdict.OK, f"{settings.environment}, home {settings.home}")
    yield _home(settings.home)
    yield from _database(settings)
    yield _port(settings)
    yield _redis(settings)
    yield _mail(settings)


def _home(home: Path) -> Finding:
    if not home.exists():
        return Finding("home", Verdict.WARN, "is not there yet", "`strata up` makes it.")
    if not os.access(home, os.W_OK | os.X_OK):
        return Finding("home", Verdict.FAIL, "may not be written", "Change its owner, or give another STRATA_HOME.")
    files = [home / name for name in _PRIVATE_FILES]
    opened = [str(path) for path in files if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if opened:
        return Finding("home", Verdict.FAIL, f"others may read {', '.join(opened)}", f"chmod 600 {' '.join(opened)}")
    return Finding("home", Verdict.OK, "writable, secrets are private")


def _database(settings: Settings) -> Iterator[Finding]:
    url = settings[DatabaseSettings].url
    dsn = None if url is None else url.get_secret_value()
    try:
        if dsn is None:
            server = EmbeddedPostgres(settings.home)
            if not server.running():
                yield Finding("database", Verdict.WARN, "the embedded server does not run", "`strata up` starts it.")
                return
            dsn = server.dsn()
        number = asyncio.run(_server_version(dsn, settings[DatabaseSettings].connect_timeout))
    except _UNREACHABLE as error:
        detail = str(error) or type(error).__name__
        yield Finding("database", Verdict.FAIL, detail, "Check STRATA_DATABASE__URL and the server.")
        return
    version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < _OLDEST_SERVER:
        yield Finding("database", Verdict.FAIL, version, "Use PostgreSQL 15 or newer.")
        return
    yield Finding("database", Verdict.OK, version)
    yield _migrations(dsn)


async def _server_version(dsn: str, seconds: float) -> int:
    connection = await asyncpg.connect(dsn, timeout=seconds)
    try:
        return int(await connection.fetchval("SHOW server_version_num"))
    finally:
        await connection.close()


def _migrations(dsn: str) -> Finding:
    try:
        status = migrations.status(dsn)
    except AlembicError as error:
        return Finding("migrations", Verdict.FAIL, str(error), "Use the code that migrated it, or newer.")
    except (DBAPIError, OSError) as error:
        return Finding("migrations", Verdict.FAIL, str(error), "Check the rights of the database's user.")
    if status.pending:
        return Finding("migrations", Verdict.FAIL, f"{len(status.pending)} pending", "`strata migrate up`")
    return Finding("migrations", Verdict.OK, f"at {status.current}")


def _port(settings: Settings) -> Finding:
    port = settings[HttpSettings].port
    if (status := _health(settings)) is not None:
        if status == http.HTTPStatus.OK:
            return Finding("API", Verdict.OK, f"answers on port {port}")
        return Finding("API", Verdict.FAIL, f"/health/ready on port {port} answers {status}", "Read its log.")
    try:
        free_port(settings[HttpSettings])
    except CommandError as error:
        return Finding("API", Verdict.FAIL, str(error), error.advice)
    return Finding("API", Verdict.OK, f"does not run; port {port} is free")


def _health(settings: Settings) -> int | None:
    """The status of the readiness check, where a server of ours answers."""
    connection = http.client.HTTPConnection(
        settings[HttpSettings].reachable_host, settings[HttpSettings].port, timeout=3
    )
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        ours = "json" in response.headers.get("Content-Type", "") and b'"status"' in response.read(65_536)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return response.status if ours else None


def _redis(settings: Settings) -> Finding:
    secret = settings[RedisSettings].url
    if secret is None:
        detail = "not set; each process counts for itself"
        if settings.production:
            return Finding("redis", Verdict.WARN, detail, "Set STRATA_REDIS__URL to count together.")
        return Finding("redis", Verdict.OK, detail)
    url = secret.get_secret_value()
    try:
        with Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3, retry=Retry(NoBackoff(), 0)) as client:
            version = str(client.info("server")["redis_version"])
    except (RedisError, ValueError) as error:
        return Finding("redis", Verdict.FAIL, redact_text(str(error)), "Check STRATA_REDIS__URL and the server.")
    if int(version.partition(".")[0]) < _OLDEST_REDIS:
        return Finding("redis", Verdict.FAIL, f"Redis {version}", f"Use Redis {_OLDEST_REDIS} or newer.")
    return Finding("redis", Verdict.OK, f"Redis {version}")


def _mail(settings: Settings) -> Finding:
    mail = settings[MailSettings]
    if mail.host is None:
        detail = f"kept in {mailbox_folder(settings.home)}; `strata mail` shows it"
        if settings.production:
            return Finding("mail", Verdict.WARN, detail, "Set STRATA_MAIL__HOST, or nobody gets mail.")
        return Finding("mail", Verdict.OK, detail)
    try:
        socket.create_connection((mail.host, mail.port), timeout=3).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno is not None and error.errno in errno.errorcode else str(error)
        return Finding(
            "mail", Verdict.FAIL, f"{mail.host}:{mail.port}: {reason}", "Check STRATA_MAIL__HOST and __PORT."
        )
    return Finding("mail", Verdict.OK, f"{mail.host}:{mail.port} accepts connections")
