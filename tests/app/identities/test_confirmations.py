"""A mailed confirmation links one identity, once, and in the order of every sign-in; and what a sign-in leaves."""

import asyncio
from typing import Any

from sqlalchemy import text

from app.identities.repository import IdentityRepository
from app.kit.clock import utc_now
from app.kit.db.locks import lock_ids
from tests.support.app import TestApp
from tests.support.contract import ContractClient
from tests.support.identities import link, request_confirmation
from tests.support.provider_sign_in import SignIn
from tests.support.transactions import blocked_or_done, owner_of

CONFIRMATIONS = "/api/v2/auth/identity-confirmations"
SUBJECT = "17"


async def confirm(client: ContractClient, token: str) -> int:
    return (await client.post(CONFIRMATIONS, json={"token": token})).status_code


async def scalar(test_app: TestApp, query: str) -> Any:
    async with test_app.runtime.database.write() as session:
        return await session.scalar(text(query))


async def test_a_token_that_was_used_does_not_link_again_what_was_unlinked(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    token = await request_confirmation(test_app, ada.user, SUBJECT)
    async with test_app.client() as client:
        assert await confirm(client, token) == 204
        assert await confirm(client, token) == 400
        async with test_app.runtime.database.write() as session:
            await session.execute(text("DELETE FROM identities"))
        assert await confirm(client, token) == 400
    assert await scalar(test_app, "SELECT count(*) FROM identities") == 0


async def test_an_identity_that_is_linked_otherwise_ends_its_confirmations(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    first, second = [await request_confirmation(test_app, ada.user, SUBJECT) for _ in range(2)]
    async with test_app.client() as client:
        assert [await confirm(client, token) for token in (first, second)] == [204, 400]


async def test_a_confirmation_locks_the_identity_as_a_sign_in_does(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")
    token = await request_confirmation(concurrent_app, ada.user, SUBJECT)
    async with concurrent_app.client() as client, owner_of(concurrent_app.runtime.database) as owner:
        async with owner.transaction():
            numbers = lock_ids("identities", f"github:{SUBJECT}".encode())
            await owner.execute("SELECT pg_advisory_xact_lock($1, $2)", *numbers)
            task = asyncio.ensure_future(confirm(client, token))
            assert await blocked_or_done(concurrent_app, task)
            await owner.execute("SELECT 1 FROM users FOR UPDATE NOWAIT")
        assert await task == 204


async def test_an_open_session_is_one_of_the_user(test_app: TestApp) -> None:
    ada, eve = [await test_app.person(f"{name}@example.com") for name in ("ada", "eve")]
    await test_app.session(ada)
    uid = await scalar(test_app, "SELECT uid FROM sessions")
    async with test_app.runtime.database.write() as session:
        repository = IdentityRepository(session)
        found = [await repository.has_open_session(each.user.id, uid, utc_now()) for each in (ada, eve)]
    assert found == [True, False]


async def test_the_identities_of_others_are_not_counted(test_app: TestApp) -> None:
    ada, eve = [await test_app.person(f"{name}@example.com") for name in ("ada", "eve")]
    await link(test_app, ada.user)
    async with test_app.runtime.database.write() as session:
        repository = IdentityRepository(session)
        assert [await repository.count(each.user.id) for each in (ada, eve)] == [1, 0]


async def test_an_expired_confirmation_is_not_mailed(sign_in: SignIn, app_with_provider: TestApp) -> None:
    await app_with_provider.person("ada@example.com")
    assert (await sign_in()).status_code == 403
    async with app_with_provider.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE identity_confirmations SET expires_at = now()")
    assert await app_with_provider.deliver() == []


async def test_a_sign_in_with_a_known_identity_is_its_last_use(sign_in: SignIn, app_with_provider: TestApp) -> None:
    before = utc_now()
    await sign_in()
    await sign_in()
    async with app_with_provider.runtime.database.write() as session:
        used = await (await session.driver()).fetchval("SELECT last_used_at FROM identities")
    assert before < used < utc_now()
