"""The checks of ``strata doctor`` that need the database."""

import asyncio
from collections.abc import Iterator
from typing import Final

import asyncpg
from alembic.util import CommandError as AlembicError
from sqlalchemy.exc import DBAPIError

from app.cli.kit.diagnosis import Diagnosis, DiagnosisStatus
from app.errors import TimedOut
from app.kit.clock import utc_now
from app.kit.db import migrations, privileges
from app.kit.db.database import Database
from app.kit.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.kit.db.errors import DRIVER_ERRORS
from app.ledger.queries import LedgerCheckQueries
from app.models import restrictions
from app.settings.database import DatabaseSettings
from app.settings.errors import variable
from app.settings.root import Settings

_OLDEST_SERVER: Final = 150_000
_UNREACHABLE: Final = (EmbeddedPostgresError, ValueError, *DRIVER_ERRORS)
_CLOCK_DRIFT: Final = 5.0
"""Seconds. Receivers of webhooks refuse signatures that are 300 s old."""
_LISTED: Final = 20
"""Users whose ids are shown."""


def database_diagnoses(settings: Settings) -> Iterator[Diagnosis]:
    """Check the server, and what it stores if its migrations are those of this release."""
    url = settings[DatabaseSettings].url
    dsn = None if url is None else url.get_secret_value()
    try:
        if dsn is None:
            server = EmbeddedPostgres(settings.home)
            if not server.running():
                yield Diagnosis(
                    "database", DiagnosisStatus.WARN, "the embedded server is not running", "`strata up` starts it."
                )
                return
            dsn = server.application_dsn()
        number, ahead = asyncio.run(_server(dsn, settings[DatabaseSettings].connect_timeout))
    except _UNREACHABLE as error:
        detail = str(error) or type(error).__name__
        yield Diagnosis("database", DiagnosisStatus.FAIL, detail, "Check STRATA_DATABASE__URL and the server.")
        return
    version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < _OLDEST_SERVER:
        yield Diagnosis("database", DiagnosisStatus.FAIL, version, "Use PostgreSQL 15 or newer.")
        return
    yield Diagnosis("database", DiagnosisStatus.OK, version)
    yield _clock(ahead)
    migrated = _migrations(dsn)
    yield migrated
    if migrated.verdict is DiagnosisStatus.OK:
        yield _privileges(dsn, settings)
        yield asyncio.run(_addresses(dsn, settings[DatabaseSettings].connect_timeout))
        yield asyncio.run(_ledger(dsn, settings[DatabaseSettings]))


async def _server(dsn: str, seconds: float) -> tuple[int, float]:
    """The number of the server's version, and by how many seconds its clock is ahead of the one here."""
    connection = await asyncpg.connect(dsn, timeout=seconds)
    try:
        number = int(await connection.fetchval("SHOW server_version_num"))
        before = utc_now()
        there = await connection.fetchval("SELECT clock_timestamp()")
        here = before + (utc_now() - before) / 2
    finally:
        await connection.close()
    return number, (there - here).total_seconds()


def _clock(ahead: float) -> Diagnosis:
    if abs(ahead) < _CLOCK_DRIFT:
        return Diagnosis("clock", DiagnosisStatus.OK, "agrees with the clock of the database")
    side = "ahead of" if ahead > 0 else "behind"
    return Diagnosis(
        "clock",
        DiagnosisStatus.FAIL,
        f"the clock of the database is {abs(ahead):.0f} s {side} the clock here",
        "Synchronise both with NTP: tokens, schedules and signatures of webhooks are judged by the time.",
    )


def _migrations(dsn: str) -> Diagnosis:
    try:
        status = migrations.status(dsn)
    except AlembicError as error:
        return Diagnosis(
            "migrations", DiagnosisStatus.FAIL, str(error), "Use the release that migrated it, or a newer one."
        )
    except (DBAPIError, OSError) as error:
        return Diagnosis("migrations", DiagnosisStatus.FAIL, str(error), "Check the privileges of the database user.")
    if status.pending:
        return Diagnosis("migrations", DiagnosisStatus.FAIL, f"{len(status.pending)} pending", "`strata migrate up`")
    return Diagnosis("migrations", DiagnosisStatus.OK, f"at {status.current}")


def _privileges(dsn: str, settings: Settings) -> Diagnosis:
    found = asyncio.run(privileges.faults(dsn, restrictions(), settings[DatabaseSettings].connect_timeout))
    if found is None:
        return Diagnosis(
            "privileges",
            DiagnosisStatus.WARN if settings.production else DiagnosisStatus.OK,
            "the API connects as the owner of the tables, who can change the audit trail and the ledger",
            f"Give {variable('database', 'url')} a role of its own and {variable('database', 'owner_url')} the owner,"
            " then run `strata migrate up`."
            if settings.production
            else "",
        )
    if found:
        return Diagnosis("privileges", DiagnosisStatus.FAIL, "; ".join(found[:_LISTED]), "`strata migrate up`")
    return Diagnosis("privileges", DiagnosisStatus.OK, "the API changes rows and owns no tables")


async def _addresses(dsn: str, seconds: float) -> Diagnosis:
    connection = await asyncpg.connect(dsn, timeout=seconds)
    try:
        ids = [
            str(row["id"])
            for row in await connection.fetch(
                "SELECT id FROM users WHERE email_canonical IS NULL ORDER BY id LIMIT $1", _LISTED + 1
            )
        ]
    finally:
        await connection.close()
    if not ids:
        return Diagnosis("addresses", DiagnosisStatus.OK, "every user has an address of their own")
    more = " and more" if len(ids) > _LISTED else ""
    return Diagnosis(
        "addresses",
        DiagnosisStatus.WARN,
        f"users {', '.join(ids[:_LISTED])}{more} may share an address with another user, in another spelling",
        "They sign in with their exact spelling. Set another e-mail address with the operation users.update of the"
        " API, or `strata users delete ID`.",
    )


async def _ledger(dsn: str, settings: DatabaseSettings) -> Diagnosis:
    database = await Database.open(dsn, settings)
    try:
        found = await LedgerCheckQueries(database.reads).everything()
    except TimedOut:
        return Diagnosis(
            "ledger", DiagnosisStatus.WARN, "the check takes too long", "The worker checks it every night."
        )
    finally:
        await database.close()
    if found.count:
        wrong = ", ".join([*found.currencies, *found.transfers, *found.accounts])
        return Diagnosis("ledger", DiagnosisStatus.FAIL, f"wrong: {wrong}", "grafana/runbooks/LedgerImbalance.md")
    return Diagnosis("ledger", DiagnosisStatus.OK, "every currency, transfer and account balances")
