"""Visits of a session: an identity is linked, proves its user, and is unlinked."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest_asyncio

from app.kit.clock import utc_now
from tests.support.app import Person, TestApp
from tests.support.contract import ContractClient
from tests.support.hostile_provider import HostileProvider
from tests.support.provider_sign_in import FRONT_END, tables

VISITS = "/api/v2/auth/providers/acme/visits"
CALLBACK = "/api/v2/auth/providers/acme/callback"


class Visitor:
    """A user with a session and a browser."""

    def __init__(self, app: TestApp, provider: HostileProvider, client: ContractClient, person: Person) -> None:
        self.app = app
        self.provider = provider
        self.client = client
        self.person = person
        self.headers: dict[str, str] = {}

    async def start(self, purpose: str, **body: object) -> httpx2.Response:
        return await self.client.post(VISITS, json={"purpose": purpose, **body}, headers=self.headers)

    async def visit(self, purpose: str, **body: object) -> httpx2.Response:
        started = await self.start(purpose, **body)
        assert started.status_code == 200, started.text
        assert started.headers["cache-control"] == "no-store"
        reply = self.provider.authorize(started.json()["authorization_url"])
        return await self.client.get(CALLBACK, params=reply)

    async def execute(self, statement: str, *values: object) -> None:
        async with self.app.runtime.database.write() as session:
            await (await session.driver()).execute(statement, *values)

    async def age(self) -> None:
        """Let the session be too old for changes of credentials."""
        then = utc_now() - timedelta(minutes=11)
        await self.execute("UPDATE sessions SET created_at = $1, authenticated_at = NULL", then)

    async def identities(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get("/api/v2/me/identities", headers=self.headers)).json()[
            "data"
        ]
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(app_with_provider: TestApp, provider: HostileProvider) -> Any:
    person = await app_with_provider.person("visitor@example.com")
    async with app_with_provider.client() as client:
        visitor = Visitor(app_with_provider, provider, client, person)
        visitor.headers = await app_with_provider.session(person)
        yield visitor


async def test_a_user_links_and_unlinks_an_identity(visitor: Visitor) -> None:
    assert await visitor.identities() == []
    response = await visitor.visit("link")
    assert (response.status_code, response.json()) == (200, {"outcome": "linked", "tokens": None})
    (identity,) = await visitor.identities()
    assert (identity["provider"], identity["email"], identity["last_used_at"]) == ("acme", "ada@example.com", None)
    url = f"/api/v2/me/identities/{identity['id']}"
    assert (await visitor.client.get(url, headers=visitor.headers)).json() == identity
    assert (await visitor.client.delete(url, headers=visitor.headers)).status_code == 204
    assert await visitor.identities() == []
    assert [(mail.to, mail.subject) for mail in await visitor.app.deliver()] == [
        ("visitor@example.com", "A new way to sign in was added"),
        ("visitor@example.com", "A way to sign in was removed"),
    ]


async def test_a_second_link_of_the_same_identity_changes_nothing(visitor: Visitor) -> None:
    await visitor.visit("link")
    before = await tables(visitor.app)
    assert (await visitor.visit("link")).json()["outcome"] == "linked"
    assert await tables(visitor.app) == before


async def test_an_identity_without_an_address_is_linked(visitor: Visitor) -> None:
    visitor.provider.claims = {"email": None, "email_verified": None}
    assert (await visitor.visit("link")).json()["outcome"] == "linked"
    assert [identity["email"] for identity in await visitor.identities()] == [None]


async def test_the_identity_of_another_user_is_not_linked(visitor: Visitor) -> None:
    other = await visitor.app.person("other@example.com")
    await visitor.execute(
        "INSERT INTO identities (uid, user_id, provider, subject) VALUES (gen_random_uuid(), $1, 'acme', '1')",
        other.user.id,
    )
    before = await tables(visitor.app)
    response = await visitor.visit("link")
    assert (response.status_code, response.json()["code"]) == (409, "identity_taken")
    assert await tables(visitor.app) == before


async def test_a_stale_session_links_nothing_until_a_visit_proves_its_user(visitor: Visitor) -> None:
    """A user without a password has no other proof."""
    await visitor.visit("link")
    await visitor.execute("UPDATE users SET password_hash = NULL")
    await visitor.age()
    body = {"password": "a new password"}
    for response in (
        await visitor.start("link"),
        await visitor.client.put("/api/v2/me/password", json=body, headers=visitor.headers),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "reauthentication_required")
    started = await visitor.start("reauthenticate")
    assert "prompt=login" in started.json()["authorization_url"]
    assert "max_age=0" in started.json()["authorization_url"]
    response = await visitor.visit("reauthenticate")
    assert response.json() == {"outcome": "reauthenticated", "tokens": None}
    assert [identity["last_used_at"] is not None for identity in await visitor.identities()] == [True]
    response = await visitor.client.put("/api/v2/me/password", json=body, headers=visitor.headers)
    assert response.status_code == 204, response.text


async def test_an_old_authentication_proves_nothing(visitor: Visitor) -> None:
    await visitor.visit("link")
    await visitor.age()
    visitor.provider.claims = {"auth_time": int(utc_now().timestamp()) - 600}
    before = await tables(visitor.app)
    response = await visitor.visit("reauthenticate")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_provider_response")
    assert await tables(visitor.app) == before


async def test_another_identity_proves_nothing(visitor: Visitor) -> None:
    await visitor.visit("link")
    await visitor.age()
    for subject, owner in (("2", None), ("3", await visitor.app.person("other@example.com"))):
        if owner is not None:
            await visitor.execute(
                "INSERT INTO identities (uid, user_id, provider, subject) VALUES (gen_random_uuid(), $1, 'acme', $2)",
                owner.user.id,
                subject,
            )
        visitor.provider.claims = {"sub": subject}
        before = await tables(visitor.app)
        response = await visitor.visit("reauthenticate")
        assert (response.status_code, response.json()["code"]) == (403, "wrong_identity")
        assert await tables(visitor.app) == before


async def test_the_session_must_be_open_until_the_browser_returns(visitor: Visitor) -> None:
    await visitor.visit("link")
    for change in (
        "UPDATE sessions SET revoked_at = now()",
        "UPDATE sessions SET revoked_at = NULL, expires_at = now() - interval '1 second'",
    ):
        for purpose, subject in (("link", "2"), ("reauthenticate", "1")):
            await visitor.execute("UPDATE sessions SET revoked_at = NULL, expires_at = now() + interval '1 hour'")
            visitor.provider.claims = {"sub": subject}
            reply = visitor.provider.authorize((await visitor.start(purpose)).json()["authorization_url"])
            await visitor.execute(change)
            response = await visitor.client.get(CALLBACK, params=reply)
            assert (response.status_code, response.json()["code"]) == (400, "invalid_sign_in_flow")


async def test_the_visit_of_a_session_needs_the_cookie_of_its_response(visitor: Visitor) -> None:
    """Otherwise a user could send a stranger to the provider, and link the stranger's identity."""
    reply = visitor.provider.authorize((await visitor.start("link")).json()["authorization_url"])
    async with visitor.app.client() as stranger:
        assert (await stranger.get(CALLBACK, params=reply)).status_code == 400
    assert await visitor.identities() == []


async def test_the_last_way_to_sign_in_stays(visitor: Visitor) -> None:
    await visitor.visit("link")
    visitor.provider.claims = {"sub": "2"}
    await visitor.visit("link")
    await visitor.execute("UPDATE users SET password_hash = NULL")
    second, first = await visitor.identities()
    responses = [
        await visitor.client.delete(f"/api/v2/me/identities/{one['id']}", headers=visitor.headers)
        for one in (second, first)
    ]
    assert [response.status_code for response in responses] == [204, 409]
    assert responses[1].json()["code"] == "last_sign_in_method"
    assert await visitor.identities() == [first]


async def test_a_visit_returns_to_a_front_end(visitor: Visitor) -> None:
    response = await visitor.visit("link", redirect_to=FRONT_END)
    assert (response.status_code, response.headers["location"]) == (303, f"{FRONT_END}?outcome=linked")
    refused = await visitor.start("link", redirect_to="https://evil.example/")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_front_end")
