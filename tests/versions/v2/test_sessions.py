"""Sessions over HTTP: ending the others, and the mails about sign-ins and resets."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from app.kit.clock import utc_now
from app.models import Identity
from tests.support.app import PASSWORD, Person, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.identities import link, request_confirmation
from tests.support.writes import audited

NEW_PASSWORD = "another horse battery"
HOUR = timedelta(hours=1)
FORM = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}


async def test_the_other_sessions_end_in_both_versions(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    other = await test_app.person("grace@example.com")
    kept, *ended = [await test_app.session(ada) for _ in range(3)]
    foreign = await test_app.session(other)
    async with test_app.client() as client:
        assert (await client.delete("/api/v2/auth/sessions", headers=kept)).status_code == 204
        for me in ("/api/v2/me", "/api/v1/auth/me"):
            assert [(await client.get(me, headers=headers)).status_code for headers in (*ended, kept, foreign)] == [
                *(401, 401),
                *(200, 200),
            ]
        assert len((await client.get("/api/v2/auth/sessions", headers=kept)).json()["data"]) == 1
        assert (await client.delete("/api/v2/auth/sessions", headers=kept)).status_code == 204, "there are none"


async def test_a_changed_password_ends_the_other_sessions(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    kept, ended = [await test_app.session(ada) for _ in range(2)]
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    async with test_app.client() as client:
        assert (await client.put("/api/v2/me/password", json=body, headers=kept)).status_code == 204
        assert (await client.get("/api/v2/me", headers=kept)).status_code == 200
        assert (await client.get("/api/v2/me", headers=ended)).status_code == 401


@pytest.mark.parametrize("version", sorted(DIALECTS))
async def test_a_sign_in_from_a_new_network_is_mailed(test_app: TestApp, version: str) -> None:
    await test_app.person("ada@example.com")

    async def sign_in() -> list[tuple[str, str]]:
        async with test_app.client() as client:
            assert (await DIALECTS[version].login("ada@example.com").send(client)).status_code == 200
        return [(mail.to, mail.subject) for mail in await test_app.deliver()]

    assert await sign_in() == [], "the first sign-in has nothing to compare with"
    assert await sign_in() == []
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE sessions SET network = '203.0.113.9'")
    await test_app.session(await test_app.person("grace@example.com"))
    assert await sign_in() == [("ada@example.com", "New sign-in to your account")]
    assert await sign_in() == []


async def reset(test_app: TestApp, **options: Any) -> str:
    """Reset the password of Ada; the text of the mail that follows."""
    async with test_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": "ada@example.com"})
        (mail,) = await test_app.deliver()
        body = {"token": token_of(mail), "password": NEW_PASSWORD, **options}
        assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 204
    (notice,) = await test_app.deliver()
    assert (notice.to, notice.subject) == ("ada@example.com", "Your password was reset")
    return notice.text


async def status_of(test_app: TestApp, person: Person) -> int:
    async with test_app.client(person.headers) as client:
        return (await client.get("/api/v2/me")).status_code


async def test_a_reset_names_the_keys_that_stay_valid(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    other = await test_app.person("grace@example.com")
    async with test_app.runtime.database.write() as session:
        keys = ApiKeyService(session)
        revoked, text = await keys.create(KeyDraft(ada.user.id, "old", ["posts:read"]))
        _, expired = await keys.create(KeyDraft(ada.user.id, "expired", ["posts:read"], expires_at=utc_now()))
        _, expiring = await keys.create(KeyDraft(ada.user.id, "k", ["posts:read"], expires_at=utc_now() + HOUR))
        await session.flush()
        await keys.revoke(revoked.uid)
    mailed = await reset(test_app)
    for valid in (ada.key, expiring):
        assert valid[:12] in mailed
    for invalid in (text, expired, other.key):
        assert invalid[:12] not in mailed
    assert ada.key not in mailed, "hints only"
    assert await status_of(test_app, ada) == 200


async def test_a_reset_names_the_identities_that_stay_linked(test_app: TestApp) -> None:
    ada, other = await test_app.person("ada@example.com"), await test_app.person("grace@example.com")
    await link(test_app, other.user)
    assert "No identity at a provider can sign in" in await reset(test_app)
    await link(test_app, ada.user)
    mailed = await reset(test_app)
    assert mailed.count("github  no address  linked 20") == 1
    assert await linked(test_app) == {ada.user.id, other.user.id}


async def test_a_reset_can_unlink_the_identities(test_app: TestApp) -> None:
    """Also the steps that would add one: a confirmation that somebody requested before. The audit trail records it."""
    ada, other = await test_app.person("ada@example.com"), await test_app.person("grace@example.com")
    identity = await link(test_app, ada.user)
    await link(test_app, other.user)
    token = await request_confirmation(test_app, ada.user)
    mailed = await reset(test_app, unlink_identities=True)
    assert "No identity at a provider can sign in" in mailed
    assert await linked(test_app) == {other.user.id}
    assert await status_of(test_app, ada) == 200, "keys are a matter of revoke_keys"
    async with test_app.client() as client:
        confirmed = await client.post("/api/v2/auth/identity-confirmations", json={"token": token})
    assert confirmed.status_code == 400
    (row,) = [row for row in await audited(test_app) if row.action == "identity.unlinked"]
    assert (row.target, row.actor) == (f"identity:{identity.uid}", ada.user.uid)


async def linked(test_app: TestApp) -> set[int]:
    """The ids of the users with an identity."""
    async with test_app.runtime.database.write() as session:
        return set(await session.scalars(select(Identity.user_id)))


async def test_a_reset_can_revoke_the_keys(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    other = await test_app.person("grace@example.com")
    mailed = await reset(test_app, revoke_keys=True)
    assert "There are no valid API keys." in mailed
    assert [await status_of(test_app, person) for person in (ada, other)] == [401, 200]
    (row,) = [row for row in await audited(test_app) if row.action == "api_key.revoked"]
    assert (row.target, row.actor) == (f"api_key:{ada.key_uid}", ada.user.uid)
