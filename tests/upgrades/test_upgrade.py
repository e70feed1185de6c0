"""Every recorded home is migrated to the present tables: nothing is lost, and its clients go on as before."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.access import keys
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.tokens import TokenSigner, TokenType
from app.http.runtime import Runtime
from app.kit.db import migrations
from app.kit.db.database import Database
from app.kit.mail.address import canonical_address
from app.main import create_app
from app.settings.auth import AuthSettings
from app.settings.database import DatabaseSettings
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp, token_of
from tests.support.postgres import create, drop
from tests.upgrades.home import (
    ADMIN,
    DEACTIVATED,
    FORGETFUL,
    HOMES,
    IDEMPOTENCY_KEY,
    PASSWORD,
    POST,
    SECRETS,
    SPELLINGS,
    UNVERIFIED,
    Spelling,
)

IDENTITIES: Final = {
    "api_keys": "uid",
    "events": "uid",
    "idempotency_records": "scope",
    "posts": "uid",
    "refresh_tokens": "jti",
    "sessions": "uid",
    "version_brownouts": "uid",
    "version_consents": "user_id",
    "version_usage": "consumer",
}
"""The column that identifies a row of a table. No upgrade may lose a row of these tables."""
SHIFT: Final = """
DO $$
DECLARE
    place record;
    age interval := now() - (SELECT max(occurred_at) FROM events);
BEGIN
    FOR place IN
        SELECT table_name, string_agg(format('%1$I = %1$I + %2$L::interval', column_name, age), ', ') AS changes
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type = 'timestamp with time zone'
        GROUP BY table_name
    LOOP
        EXECUTE format('UPDATE %I SET %s', place.table_name, place.changes);
    END LOOP;
END $$
"""
"""Makes the recording a few minutes old, so that nothing in it has expired."""


class UpgradedHome:
    """A recorded home after its migration, and what its tables contained before."""

    def __init__(self, test_app: TestApp, before: dict[str, set[Any]], api_keys: dict[str, str]) -> None:
        self.test_app = test_app
        self.before = before
        self.api_keys = api_keys
        """Texts of the recorded keys, by the uid of the key."""

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""
        async with self.test_app.runtime.database.write() as session:
            rows: list[asyncpg.Record] = await (await session.driver()).fetch(statement, *values)
        return rows

    async def sign_in(self, email: str, password: str) -> int:
        """The status of v2's response to a sign-in."""
        form = {"grant_type": "password", "username": email, "password": password}
        async with self.test_app.client() as client:
            return (await client.post("/api/v2/auth/token", data=form)).status_code


@pytest_asyncio.fixture(loop_scope="session", params=sorted(HOMES.glob("*.sql")), ids=lambda path: path.stem)
async def upgraded(admin_dsn: str, settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[UpgradedHome]:
    """The recorded home of this name in a database of its own, migrated to head."""
    dsn = await create(admin_dsn, "upgrade")
    try:
        before, texts = await _load(dsn, request.param.read_text())
        await asyncio.to_thread(migrations.upgrade, dsn)
        database = await Database.open(dsn, settings[DatabaseSettings])
        secrets = settings.with_groups(
            settings[AuthSettings].model_copy(update={"signing_key": SecretStr(SECRETS["STRATA_AUTH__SIGNING_KEY"])}),
            settings[HttpSettings].model_copy(update={"cursor_key": SecretStr(SECRETS["STRATA_HTTP__CURSOR_KEY"])}),
        )
        yield UpgradedHome(TestApp(create_app(secrets), Runtime.build(secrets, database)), before, texts)
        await database.close()
    finally:
        await drop(admin_dsn, dsn)


async def _load(dsn: str, recording: str) -> tuple[dict[str, set[Any]], dict[str, str]]:
    """Write the recording; the identities of its rows by table, and the texts of its keys."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(recording)
        await connection.execute("SET search_path TO public")
        await connection.execute(SHIFT)
        texts = {}
        # The recording contains no text of a key, so each gets a new one.
        for row in await connection.fetch("SELECT uid FROM api_keys"):
            text = keys.generate("test")
            texts[str(row["uid"])] = text
            await connection.execute("UPDATE api_keys SET digest = $1 WHERE uid = $2", keys.digest(text), row["uid"])
        before = {
            table: {row[0] for row in await connection.fetch(f"SELECT {column} FROM {table}")}  # noqa: S608 - constants
            for table, column in IDENTITIES.items()
        }
    finally:
        await connection.close()
    return before, texts


def first_spellings() -> list[Spelling]:
    """The registered user of each mailbox."""
    return list({spelling.mailbox: spelling for spelling in reversed(SPELLINGS)}.values())


async def test_no_row_is_lost(upgraded: UpgradedHome) -> None:
    for table, column in IDENTITIES.items():
        after = {row[0] for row in await upgraded.fetch(f"SELECT {column} FROM {table}")}  # noqa: S608 - constants
        assert upgraded.before[table], f"the recording has no row of {table}"
        assert upgraded.before[table] <= after, table


async def test_each_mailbox_signs_in_with_its_registered_spelling(upgraded: UpgradedHome) -> None:
    for spelling in first_spellings():
        assert await upgraded.sign_in(spelling.email, spelling.password) == 200, spelling
    assert await upgraded.sign_in(ADMIN, PASSWORD) == 200
    assert await upgraded.sign_in(DEACTIVATED, PASSWORD) != 200


async def test_one_user_of_each_mailbox_has_the_canonical_form(upgraded: UpgradedHome) -> None:
    rows = await upgraded.fetch("SELECT email, email_canonical FROM users")
    forms = {row["email"]: row["email_canonical"] for row in rows}
    for mailbox in {spelling.mailbox for spelling in SPELLINGS}:
        emails = [spelling.email for spelling in SPELLINGS if spelling.mailbox == mailbox]
        assert forms[emails[0]] == canonical_address(emails[0]), "the oldest of the verified users"
        assert {forms[email] for email in emails[1:]} <= {None}


async def test_users_whose_addresses_collide_sign_in_with_their_exact_spelling(upgraded: UpgradedHome) -> None:
    for spelling in SPELLINGS:
        assert await upgraded.sign_in(spelling.email, spelling.password) == 200, spelling


async def test_the_previous_release_writes_canonical_forms(upgraded: UpgradedHome) -> None:
    """It does not know the column: a trigger fills it."""
    added = "INSERT INTO users (uid, email, display_name, password_hash, roles) VALUES"
    changed = "UPDATE users SET email = $1 WHERE email = $2"
    await upgraded.fetch(f"{added} (gen_random_uuid(), 'New@Example.com', 'N', '-', '{{author}}')")
    assert await upgraded.fetch("SELECT 1 FROM users WHERE email_canonical = 'new@example.com'")
    await upgraded.fetch(changed, "Newer@Example.com", "New@Example.com")
    assert await upgraded.fetch("SELECT 1 FROM users WHERE email_canonical = 'newer@example.com'")
    await upgraded.fetch(changed, "n\u00e9w@example.com", "Newer@Example.com")
    assert await upgraded.fetch(
        "SELECT 1 FROM users WHERE email = $1 AND email_canonical IS NULL", "n\u00e9w@example.com"
    )


async def test_every_user_still_owns_posts_and_keys(upgraded: UpgradedHome) -> None:
    rows = await upgraded.fetch(
        "SELECT k.uid, k.revoked_at, u.uid AS owner, u.is_active FROM api_keys k JOIN users u ON u.id = k.user_id"
    )
    assert len(rows) == len(upgraded.api_keys)
    for row in rows:
        async with upgraded.test_app.client({"X-API-Key": upgraded.api_keys[str(row["uid"])]}) as client:
            response = await client.get("/api/v2/me")
        valid = row["revoked_at"] is None and row["is_active"]
        assert response.status_code == (200 if valid else 401), row
    authors = {row[0] for row in await upgraded.fetch("SELECT DISTINCT author_id FROM posts")}
    assert len(authors) == len(SPELLINGS) + 2, "each spelling, the deactivated user and the admin have written a post"


async def test_a_session_continues_with_its_recorded_refresh_token(upgraded: UpgradedHome) -> None:
    signer = TokenSigner(upgraded.test_app.runtime.settings[AuthSettings])
    rows = await upgraded.fetch(
        "SELECT r.jti, s.uid AS session, u.uid AS owner FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id"
        " JOIN users u ON u.id = s.user_id WHERE r.spent_at IS NULL AND s.revoked_at IS NULL AND u.is_active"
    )
    assert len(rows) == len(SPELLINGS)
    async with upgraded.test_app.client() as client:
        for row in rows:
            token = signer.issue(TokenType.REFRESH, subject=row["owner"], session=row["session"], jti=row["jti"])
            form = {"grant_type": "refresh_token", "refresh_token": token}
            response = await client.post("/api/v2/auth/token", data=form)
            assert response.status_code == 200, response.text


async def test_a_retry_gets_the_recorded_response(upgraded: UpgradedHome) -> None:
    (row,) = await upgraded.fetch(
        "SELECT k.uid FROM api_keys k JOIN users u ON u.id = k.user_id WHERE u.email = $1", ADMIN
    )
    headers = {"X-API-Key": upgraded.api_keys[str(row["uid"])], "Idempotency-Key": IDEMPOTENCY_KEY}
    # A client without checks: the response has the members that posts had in the release that recorded it.
    transport = httpx2.ASGITransport(app=upgraded.test_app.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test", headers=headers) as client:
        response = await client.post("/api/v2/posts", json=POST)
    assert response.status_code == 201
    assert response.headers["Idempotent-Replayed"] == "true"
    assert response.json()["title"] == POST["title"]


async def test_queued_jobs_are_delivered_and_their_tokens_are_valid(upgraded: UpgradedHome) -> None:
    mails = {mail.to: token_of(mail) for mail in await upgraded.test_app.deliver()}
    assert set(mails) == {UNVERIFIED, FORGETFUL}
    async with upgraded.test_app.client() as client:
        assert await upgraded.sign_in(UNVERIFIED, PASSWORD) != 200
        verified = await client.post("/api/v2/auth/verifications", json={"token": mails[UNVERIFIED]})
        assert verified.status_code == 204
        body = {"token": mails[FORGETFUL], "password": "another horse battery"}
        assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 204
    assert await upgraded.sign_in(UNVERIFIED, PASSWORD) == 200
    assert await upgraded.sign_in(FORGETFUL, "another horse battery") == 200


async def test_a_user_who_never_verified_becomes_a_pending_registration(upgraded: UpgradedHome) -> None:
    (row,) = await upgraded.fetch("SELECT email, mailed_at, expires_at > now() AS valid FROM pending_registrations")
    assert (row["email"], row["valid"]) == (UNVERIFIED, True)
    assert row["mailed_at"] is not None
    assert await upgraded.fetch("SELECT 1 FROM users WHERE email = $1", UNVERIFIED) == []


async def test_a_mailed_token_of_the_recording_is_valid(upgraded: UpgradedHome) -> None:
    (row,) = await upgraded.fetch(
        "SELECT t.uid FROM action_tokens t JOIN users u ON u.id = t.user_id WHERE u.email = $1 AND t.used_at IS NULL",
        FORGETFUL,
    )
    uid: UUID = row["uid"]
    token = MailedTokens(SecretStr(SECRETS["STRATA_AUTH__SIGNING_KEY"])).token(Purpose.PASSWORD_RESET, uid)
    async with upgraded.test_app.client() as client:
        body = {"token": token, "password": "another horse battery"}
        assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 204


async def test_recorded_and_later_posts_have_stored_words(upgraded: UpgradedHome) -> None:
    wrong = "SELECT id FROM posts WHERE words IS DISTINCT FROM post_words(title, content)"
    posts = await upgraded.fetch("SELECT id, title FROM posts WHERE status = 'published'")
    assert posts
    assert await upgraded.fetch(wrong) == []
    async with upgraded.test_app.client() as client:
        found = (await client.get("/api/v2/posts", params={"q": f'"{posts[0]["title"]}"'})).json()["data"]
    assert posts[0]["title"] in {post["title"] for post in found}
    # The statement of the previous release, which does not know the column.
    await upgraded.fetch("UPDATE posts SET title = 'gneiss of the gneiss' WHERE id = $1", posts[0]["id"])
    assert await upgraded.fetch(wrong) == []
