"""The rules by which an identity becomes a user's. Registering somebody's address first gains nothing."""

import asyncio
import json
from typing import Any

import pytest

from app.access.principal import Role
from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import PASSWORD, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.hostile_provider import HostileProvider
from tests.support.postgres import clone, drop
from tests.support.provider_sign_in import URLS, SignIn
from tests.support.transactions import blocked_or_done

ADDRESS = "ada@example.com"
CONFIRMATIONS = "/api/v2/auth/identity-confirmations"


async def value(app: TestApp, query: str, *arguments: object) -> Any:
    return await app.runtime.database.driver.fetchval(query, *arguments)  # type: ignore[attr-defined]  # of a RollbackDatabase


async def events(app: TestApp) -> list[tuple[str, Any]]:
    rows = await app.runtime.database.driver.fetch(  # type: ignore[attr-defined]  # of a RollbackDatabase
        "SELECT type, payload #>> '{}' AS payload FROM events WHERE type NOT LIKE 'session.%' ORDER BY id"
    )
    return [(row["type"], json.loads(row["payload"])) for row in rows]


async def me(app: TestApp, tokens: dict[str, Any]) -> dict[str, Any]:
    async with app.client({"Authorization": f"Bearer {tokens['access_token']}"}) as client:
        found: dict[str, Any] = (await client.get("/api/v2/me")).json()
    return found


def tokens_of(body: dict[str, Any]) -> dict[str, Any]:
    return body.get("tokens", body)


async def test_an_unknown_address_becomes_a_user(sign_in: SignIn, app_with_provider: TestApp) -> None:
    response = await sign_in()
    assert response.status_code == 200, response.text
    user = await me(app_with_provider, tokens_of(response.json()))
    assert (user["email"], user["display_name"], user["is_verified"]) == (ADDRESS, "Ada", True)
    assert await value(app_with_provider, "SELECT roles FROM users") == ["author"]
    linked = ("identity.linked", {"provider": "acme", "reason": "new_user"})
    assert await events(app_with_provider) == [("user.registered", {}), linked]
    assert [(mail.to, mail.subject) for mail in await app_with_provider.deliver()] == [
        (ADDRESS, "Your account was created")
    ]
    async with app_with_provider.client() as client:
        for dialect in DIALECTS.values():
            assert (await dialect.login(ADDRESS, "").send(client)).status_code in {401, 422}
            assert (await dialect.login(ADDRESS).send(client)).status_code == 401, "no password fits"


async def test_a_known_identity_signs_in_whatever_its_address_is(sign_in: SignIn, app_with_provider: TestApp) -> None:
    first = await me(app_with_provider, tokens_of((await sign_in()).json()))
    await app_with_provider.person("victim@example.com")
    for claims in ({"email": "victim@example.com"}, {"email": ADDRESS, "email_verified": False}, {"email": None}):
        sign_in.provider.claims = claims
        response = await sign_in()
        assert (await me(app_with_provider, tokens_of(response.json())))["id"] == first["id"]
    assert await value(app_with_provider, "SELECT count(*) FROM identities") == 1


async def test_a_verified_address_of_a_user_links_nothing_silently(sign_in: SignIn, app_with_provider: TestApp) -> None:
    person = await app_with_provider.person("Ada@Example.com")
    response = await sign_in()
    assert response.status_code == 403, "identity_confirmation_required"
    assert "Confirm" in response.json()["detail"]
    assert await value(app_with_provider, "SELECT count(*) FROM identities") == 0
    assert await value(app_with_provider, "SELECT count(*) FROM sessions") == 0
    assert (await sign_in()).status_code == 403
    (mail,) = await app_with_provider.deliver()
    assert (mail.to, mail.subject) == ("Ada@Example.com", "Confirm a new way to sign in")
    assert "acme" in mail.text
    assert "from the network 127.0.0.1" in mail.text
    async with app_with_provider.client() as client:
        confirmed = await client.post(CONFIRMATIONS, json={"token": token_of(mail)})
        assert confirmed.status_code == 204, confirmed.text
        assert (await client.post(CONFIRMATIONS, json={"token": token_of(mail)})).status_code == 400
    assert await events(app_with_provider) == [
        ("identity.confirmation_requested", {"provider": "acme"}),
        ("identity.linked", {"provider": "acme", "reason": "confirmed"}),
    ]
    response = await sign_in()
    assert (await me(app_with_provider, tokens_of(response.json())))["v1_id"] == person.user.id
    assert [mail.subject for mail in await app_with_provider.deliver()] == ["A new way to sign in was added"]


async def test_a_stranger_who_registered_the_address_first_gains_nothing(
    sign_in: SignIn, app_with_provider: TestApp
) -> None:
    """An unverified account, with everything by which the stranger could sign in."""
    stranger = await app_with_provider.person(ADDRESS, verified=False)
    user_id = stranger.user.id
    async with app_with_provider.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE users SET is_verified = true WHERE id = $1", user_id)
    old = await app_with_provider.session(stranger)
    async with app_with_provider.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE users SET is_verified = false WHERE id = $1", user_id)
        await driver.execute(
            "INSERT INTO identities (uid, user_id, provider, subject) VALUES (gen_random_uuid(), $1, 'other', 's')",
            user_id,
        )
    async with app_with_provider.client() as client:
        for dialect in DIALECTS.values():
            await dialect.register("ADA@example.com", "the password of a stranger").send(client)
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
        mails = await app_with_provider.deliver()
        response = await sign_in()
        assert response.status_code == 200, response.text
        user = await me(app_with_provider, tokens_of(response.json()))
        assert (user["v1_id"], user["is_verified"]) == (user_id, True)
        for headers in (old, stranger.headers):
            assert (await client.get("/api/v2/me", headers=headers)).status_code == 401
        for dialect in DIALECTS.values():
            for password in (PASSWORD, "the password of a stranger"):
                assert (await dialect.login(ADDRESS, password).send(client)).status_code == 401
        for mail in mails:
            if "Token: " in mail.text:
                token = token_of(mail)
                body = {"token": token, "password": "another password"}
                assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 400
                assert (await client.post("/api/v2/auth/verifications", json={"token": token})).status_code == 400
    assert await value(app_with_provider, "SELECT string_agg(provider, ',') FROM identities") == "acme"
    assert await value(app_with_provider, "SELECT count(*) FROM pending_registrations") == 0
    assert ("identity.linked", {"provider": "acme", "reason": "proved_address"}) in await events(app_with_provider)
    reason = "SELECT payload ->> 'reason' FROM events WHERE type = 'session.revoked'"
    assert await value(app_with_provider, reason) == "address_proved"
    assert "Your account was taken over by the owner of its address" in [
        mail.subject for mail in await app_with_provider.deliver()
    ]


async def test_a_pending_registration_gains_nothing(sign_in: SignIn, app_with_provider: TestApp) -> None:
    async with app_with_provider.client() as client:
        for dialect in DIALECTS.values():
            await dialect.register("ADA@example.com", "the password of a stranger").send(client)
        mails = await app_with_provider.deliver()
        assert await value(app_with_provider, "SELECT count(*) FROM pending_registrations") > 0
        assert (await sign_in()).status_code == 200
        assert await value(app_with_provider, "SELECT count(*) FROM pending_registrations") == 0
        for mail in mails:
            body = {"token": token_of(mail)}
            assert (await client.post("/api/v2/auth/verifications", json=body)).status_code == 400
        for dialect in DIALECTS.values():
            assert (await dialect.login(ADDRESS, "the password of a stranger").send(client)).status_code == 401


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "false"}, {"email_verified": None}])
async def test_an_unverified_address_takes_nothing_over(
    sign_in: SignIn, app_with_provider: TestApp, claims: dict[str, Any]
) -> None:
    victim = await app_with_provider.person(ADDRESS, Role.ADMIN)
    sign_in.provider.claims = claims
    response = await sign_in()
    assert response.status_code == 403
    assert "verified" in response.json()["detail"]
    assert await app_with_provider.deliver() == []
    assert await value(app_with_provider, "SELECT count(*) FROM identities") == 0
    assert await value(app_with_provider, "SELECT is_verified FROM users WHERE id = $1", victim.user.id)


async def test_a_deactivated_user_does_not_sign_in(sign_in: SignIn, app_with_provider: TestApp) -> None:
    await sign_in()
    for verified in (True, False):
        async with app_with_provider.runtime.database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE users SET is_active = false, is_verified = $1", verified)
        for subject in ("1", "2"):
            sign_in.provider.claims = {"sub": subject}
            response = await sign_in()
            assert response.status_code == 403
            assert response.json()["detail"] == "This account is deactivated."


async def test_an_identity_is_linked_once_although_its_user_signs_in_at_once(
    admin_dsn: str, provider_settings: Settings, provider: HostileProvider
) -> None:
    dsn = await clone(admin_dsn, "identities")
    database = await Database.open(dsn, provider_settings[DatabaseSettings])
    app = TestApp(create_app(provider_settings), Runtime.build(provider_settings, database))
    try:
        async with app.client() as client:
            browsers = [SignIn.of(client, version, provider) for version in URLS for _ in range(4)]
            started = [provider.authorize(await browser.begin()) for browser in browsers]
            responses = await asyncio.gather(
                *(browser.back(reply) for browser, reply in zip(browsers, started, strict=True))
            )
        assert [response.status_code for response in responses] == [200] * len(browsers)
        async with database.write() as session:
            driver = await session.driver()
            assert await driver.fetchval("SELECT count(*) FROM users") == 1
            assert await driver.fetchval("SELECT count(*) FROM identities") == 1
            assert await driver.fetchval("SELECT count(*) FROM sessions") == len(browsers)
    finally:
        await database.close()
        await drop(admin_dsn, dsn)


async def test_an_identity_that_is_unlinked_during_a_sign_in_signs_nobody_in(
    admin_dsn: str, provider_settings: Settings, provider: HostileProvider
) -> None:
    """The sign-in has found the identity and waits for the lock of its user, which a reset has."""
    dsn = await clone(admin_dsn, "unlinked")
    database = await Database.open(dsn, provider_settings[DatabaseSettings])
    app = TestApp(create_app(provider_settings), Runtime.build(provider_settings, database))
    try:
        async with app.client() as client:
            sign_in = SignIn.of(client, next(iter(URLS)), provider)
            assert (await sign_in()).status_code == 200
            reply = provider.authorize(await sign_in.begin())
            async with database.write() as session:
                driver = await session.driver()
                await driver.execute("SELECT 1 FROM users FOR UPDATE")
                returned = asyncio.create_task(sign_in.back(reply))
                assert await blocked_or_done(app, returned)
                await driver.execute("DELETE FROM identities")
            response = await returned
            assert response.status_code == 400, response.text
        async with database.write() as session:
            assert await (await session.driver()).fetchval("SELECT count(*) FROM sessions") == 1
    finally:
        await database.close()
        await drop(admin_dsn, dsn)
