"""Users and posts of the migration guides, with the same ids and times in every run."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx2
from pydantic import SecretStr

from app.access.passwords import PasswordHasher
from app.auth.mailed_tokens import MailedTokens, Purpose
from tests.support.app import PASSWORD
from tests.support.waiting import PATIENCE
from versions.kit.typeid import encode

SIGNING_KEY = "the signing key of the server that runs the examples"
_TABLES = """
SELECT format('CREATE TABLE remembered.%1$I AS SELECT %2$s FROM %1$I', name, columns),
       format('DELETE FROM %1$I; INSERT INTO %1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM remembered.%1$I',
              name, columns)
FROM (SELECT c.table_name AS name, string_agg(quote_ident(c.column_name), ', ') AS columns
      FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
      GROUP BY c.table_name) tables
"""
_SEQUENCES = """
SELECT format('SELECT setval(%L, %s, false)', sequencename, coalesce(last_value, 0) + 1)
FROM pg_sequences WHERE schemaname = 'public'
"""
_ATTEMPTS = 5
_BEGINNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
_PEOPLE = (
    ("Ada Lovelace", "ada@example.com", "author", True),
    ("Grace Hopper", "grace@example.com", "author", True),
    ("Root", "admin@example.com", "admin", True),
    ("Linus", "linus@example.com", "author", False),
)
_POSTS = (
    (1, "Layers", "Rock in layers tells its history.", "published"),
    (2, "Basalt", "A dark rock, from lava that cooled fast.", "published"),
    (1, "Fossils", "To be written.", "draft"),
    (1, "Marble", "Limestone, pressed and heated.", "archived"),
    (1, "Granite", "A pale rock, from magma that cooled slowly, without layers.", "published"),
)


_ACCOUNTS = (None, 1, 2, 1)
"""The owner of each account: the first one is where deposits come from."""
_DEPOSITS = ((2, 100), (3, 20))


def _account_uid(number: int) -> UUID:
    return UUID(f"0199c8f0-d000-7000-8000-0000000a{number:04}")


def _transfer_uid(number: int) -> UUID:
    return UUID(f"0199c8f0-d000-7000-8000-0000000b{number:04}")


def _job_uid(number: int) -> UUID:
    return UUID(f"0199c8f0-d000-7000-8000-0000000c{number:04}")


def _user_uid(number: int) -> UUID:
    return UUID(f"01973ca8-d400-7000-8000-{number:012}")


def _post_uid(number: int) -> UUID:
    return UUID(f"0199c8f0-d000-7000-8000-{number:012}")


@dataclass(frozen=True)
class Data:
    """The data of the database, and a way to restore it."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    variables: dict[str, str]
    known: frozenset[str]
    """Ids and times that are the same in every run."""
    restoring: str

    @classmethod
    async def written(cls, connection: "asyncpg.Connection[asyncpg.Record]", url: str) -> "Data":
        """Fill a new database, sign two users in, and save the state."""
        moments = [_BEGINNING + timedelta(minutes=minute) for minute in range(len(_PEOPLE) + len(_POSTS))]
        hashed = await PasswordHasher(1).hash(PASSWORD)
        for number, (name, email, role, verified) in enumerate(_PEOPLE, 1):
            await connection.execute(
                "INSERT INTO users"
                " (uid, email, display_name, password_hash, roles, is_verified, created_at, updated_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
                *(_user_uid(number), email, name, hashed, [role], verified, moments[number - 1]),
            )
        for number, (author, title, content, status) in enumerate(_POSTS, 1):
            written = moments[len(_PEOPLE) + number - 1]
            await connection.execute(
                "INSERT INTO posts (uid, author_id, title, content, status, published_at, created_at, updated_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
                *(_post_uid(number), author, title, content, status, None if status == "draft" else written, written),
            )
        for number, owner in enumerate(_ACCOUNTS, 1):
            await connection.execute(
                "INSERT INTO accounts (uid, owner_id, owner_uid, currency, floor, created_at)"
                " VALUES ($1, $2, $3, 'EUR', $4, $5)",
                *(_account_uid(number), owner, owner and _user_uid(owner), owner and 0, _BEGINNING),
            )
        for number, (account, amount) in enumerate(_DEPOSITS, 1):
            await connection.execute(
                "SELECT ledger_move($1, 1, $2, $3, 'deposit', NULL, NULL, 0, NULL, $4)",
                *(_transfer_uid(number), account, amount, _BEGINNING),
            )
        for number, (status, finished) in enumerate((("succeeded", True), ("queued", False)), 1):
            await connection.execute(
                "INSERT INTO jobs (uid, kind, owner_id, params, status, attempt, run_after, created_at, started_at,"
                " finished_at) VALUES ($1, 'email', 1, '{}', $2, $3, $4, $4, $5, $5)",
                *(_job_uid(number), status, int(finished), _BEGINNING, _BEGINNING if finished else None),
            )
        await connection.execute(
            "INSERT INTO webhook_endpoints (uid, owner_id, owner_uid, url, events, api_version, created_at)"
            " VALUES ($1, 1, $2, 'https://hooks.example.com/strata', '{post.created}', 'v2', $3)",
            *(UUID("0199c8f0-d000-7000-8000-0000000d0001"), _user_uid(1), _BEGINNING),
        )
        await connection.execute(
            "INSERT INTO files"
            " (uid, owner_id, name, content_type, object_key, state, size, sha256, created_at, ready_at)"
            " VALUES ($1, 1, 'basalt.pdf', 'application/pdf', 'objects/basalt', 'ready', 15, '\\x00', $2, $2)",
            *(UUID("0199c8f0-d000-7000-8000-0000000f0001"), _BEGINNING),
        )
        variables = {"STRATA": url, "VERIFICATION_TOKEN": await _mailed(connection, len(_PEOPLE))}
        for prefix, email in (("", "ada@example.com"), ("ADMIN_", "admin@example.com")):
            form = {"grant_type": "password", "username": email, "password": PASSWORD}
            async with httpx2.AsyncClient(timeout=PATIENCE) as client:
                tokens = (await client.post(f"{url}/api/v2/auth/token", data=form)).json()
            variables |= {f"{prefix}TOKEN": tokens["access_token"], f"{prefix}REFRESH_TOKEN": tokens["refresh_token"]}
        known = {
            *(encode("usr", _user_uid(number)) for number in (*range(1, len(_PEOPLE) + 1), 9999)),
            *(encode("post", _post_uid(number)) for number in (*range(1, len(_POSTS) + 1), 9999)),
            *(encode("acct", _account_uid(number)) for number in range(1, len(_ACCOUNTS) + 1)),
            *(encode("txn", _transfer_uid(number)) for number in range(1, len(_DEPOSITS) + 1)),
            *(encode("job", _job_uid(number)) for number in (1, 2)),
            encode("wh", UUID("0199c8f0-d000-7000-8000-0000000d0001")),
            *(moment.isoformat().replace("+00:00", "Z") for moment in moments),
        }
        return cls(connection, variables, frozenset(known), await _remember(connection))

    async def restore(self) -> None:
        """Restore the saved state. A write of the server in the background can wait for these locks, and these for its.

        PostgreSQL then ends one of both, and the other one is over when this one starts again.
        """
        for _ in range(_ATTEMPTS - 1):
            with suppress(asyncpg.DeadlockDetectedError):
                await self.connection.execute(self.restoring)
                return
        await self.connection.execute(self.restoring)


async def _mailed(connection: "asyncpg.Connection[asyncpg.Record]", user: int) -> str:
    """The token of the last mail to this user."""
    uid = UUID("0199c8f0-d000-7000-8000-00000000aaaa")
    token = MailedTokens(SecretStr(SIGNING_KEY)).token(Purpose.VERIFICATION, uid)
    await connection.execute(
        "INSERT INTO action_tokens (uid, user_id, purpose, digest, expires_at)"
        " VALUES ($1, $2, 'verification', $3, now() + interval '1 day')",
        *(uid, user, MailedTokens.digest(token)),
    )
    return token


async def _remember(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """Copy every table, and return the statements that restore the copies."""
    await connection.execute("CREATE SCHEMA remembered")
    tables = await connection.fetch(_TABLES)
    for copy, _ in tables:
        await connection.execute(copy)
    sequences = await connection.fetch(_SEQUENCES)
    # Restore the rows unchanged: without triggers and foreign key checks.
    statements = [*(back for _, back in tables), *(reset for (reset,) in sequences)]
    return "; ".join(["SET session_replication_role = replica", *statements])
