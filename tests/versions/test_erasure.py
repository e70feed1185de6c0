"""A user with money is not deleted; after the deletion, no table contains the address or the name of the user."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.kit.clock import utc_now
from app.models import Identity, IdentityConfirmation
from tests.support.app import TestApp
from tests.support.bank import Bank
from tests.support.dialects import DIALECTS
from tests.support.writes import DRAFT

EMAIL: Final = "grace1906@example.com"
"""The display name starts with its first part, too, as a capital: ``Grace1906``."""
TRACE: Final = "race1906"


async def tables_with(test_app: TestApp, trace: str) -> set[str]:
    """The tables with a row whose text, or whose binary value, contains this."""
    async with test_app.runtime.database.write() as session:
        names = await session.scalars(
            text(
                "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname !~ '^pg_|^information_schema$'"
            )
        )
        found = set()
        for name in list(names):
            query = text(f"SELECT EXISTS (SELECT FROM {name} r WHERE r::text ILIKE ANY (:traces))")  # noqa: S608 - a name from the catalogue
            traces = [f"%{trace}%", f"%{trace.encode().hex()}%"]
            if await session.scalar(query, {"traces": traces}):
                found.add(name)
    return found


async def leave_traces(test_app: TestApp, version: str, user: Any) -> None:
    """Let every feature store something about the user: an identity, claims, mailed tokens, posts and responses."""
    now = utc_now()
    *_, newest = DIALECTS.values()
    async with test_app.runtime.database.write() as session:
        session.add(Identity(user_id=user.id, provider="toy", subject=EMAIL, email=EMAIL, created_at=now))
        session.add(
            IdentityConfirmation(
                uid=uuid7(),
                user_id=user.id,
                provider="other",
                subject=EMAIL,
                email=EMAIL,
                network="192.0.2.0",
                digest=b"d" * 32,
                created_at=now,
                expires_at=now + timedelta(days=1),
            )
        )
    async with test_app.client() as client:
        assert (await DIALECTS[version].login(EMAIL).send(client)).is_success
        assert (await client.post("/api/v2/auth/password-resets", json={"email": EMAIL})).is_success
        await test_app.deliver()
        # The worker has not seen this one when the user is deleted; the newest version stores it for every address.
        assert (await newest.register(EMAIL, name="Grace1906").send(client)).is_success


async def uids_in_history(test_app: TestApp, uid: UUID) -> set[str]:
    """The tables of histories that contain the uid of the user."""
    async with test_app.runtime.database.write() as session:
        conditions = {
            "accounts": "owner_uid = :uid",
            "audit_events": "target = 'user:' || CAST(:uid AS uuid) AND action = 'user.deleted'",
            "events": "subject_uid = :uid AND type = 'user.deleted'",
        }
        return {
            table
            for table, condition in conditions.items()
            if await session.scalar(text(f"SELECT count(*) FROM {table} WHERE {condition}"), {"uid": uid})  # noqa: S608 - constants
        }


@pytest.mark.parametrize("version", sorted(DIALECTS))
async def test_a_deleted_user_is_erased_except_for_the_uid(test_app: TestApp, version: str) -> None:
    grace, ada = await test_app.person(EMAIL), await test_app.person("ada@example.com")
    bank = Bank(test_app.runtime.database)
    account, other = await bank.open(grace.user, funds="10"), await bank.open(ada.user)
    await leave_traces(test_app, version, grace.user)
    headers = await test_app.session(grace)
    url = DIALECTS[version].user_url(grace)
    async with test_app.client(headers) as client:
        body = {**DRAFT, "content": f"By {EMAIL}"}
        made = await client.post("/api/v2/posts", json=body, headers={"Idempotency-Key": '"grace1906"'})
        assert made.is_success
        rejected = await client.delete(url)
        assert rejected.status_code == 409
        DIALECTS[version].ensure_failure(rejected, "account_holds_money")
        before = await tables_with(test_app, TRACE)
        assert before >= {"users", "posts", "identities", "identity_confirmations", "pending_registrations"}
        await bank.transfer(grace.user, account, other, "10")
        assert (await client.delete(url)).is_success
        assert (await client.get(DIALECTS[version].me)).status_code == 401
    assert await tables_with(test_app, TRACE) == set()
    assert await uids_in_history(test_app, grace.user.uid) == {"accounts", "audit_events", "events"}
    async with test_app.runtime.database.write() as session:
        for table in ("sessions", "api_keys", "action_tokens"):
            query = text(f"SELECT count(*) FROM {table} WHERE user_id = :id")  # noqa: S608 - constants
            assert await session.scalar(query, {"id": grace.user.id}) == 0, table
        entries = text("SELECT count(*) FROM entries WHERE account_id = :id")
        assert await session.scalar(entries, {"id": account.id}) == 2
    assert await test_app.deliver() == [], "queued jobs find nothing to mail"
