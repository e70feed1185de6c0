"""Changing credentials requires a credential: a session, and fresh proof of the person behind it."""

from typing import Any

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import ALL
from tests.support.wire import WIRE

NEW = "another horse battery"
AGED = "UPDATE sessions SET created_at = created_at - interval '11 minutes', authenticated_at = NULL"


async def execute(test_app: TestApp, statement: str) -> None:
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute(statement)


async def signs_in(test_app: TestApp, email: str, password: str) -> bool:
    async with test_app.client() as client:
        form = {"grant_type": "password", "username": email, "password": password}
        return (await client.post("/api/v2/auth/token", data=form)).status_code == 200


async def test_a_key_cannot_change_credentials(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN)
    await test_app.session(ada)
    async with test_app.client(ada.headers) as client:
        attempts = [
            *[await dialect.set_password(ada, NEW, PASSWORD).send(client) for dialect in DIALECTS.values()],
            *[await dialect.edit_user(ada, email="eve@example.com").send(client) for dialect in DIALECTS.values()],
            await client.post("/api/v2/auth/reauthentications", json={"password": PASSWORD}),
            await client.get("/api/v2/auth/sessions"),
            await client.delete("/api/v2/auth/sessions/ses_01jwxq7c8gfq8sh1tbp9xqk3ma"),
        ]
    for response in attempts:
        assert response.status_code == 403, response.text
        assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="credentials:write"'
    assert await signs_in(test_app, "ada@example.com", PASSWORD)


async def test_a_reauthentication_makes_the_session_fresh_for_ten_minutes(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN)
    await test_app.person("root@example.com", Role.ADMIN)
    headers = await test_app.session(ada)
    await execute(test_app, AGED)
    async with test_app.client(headers) as client:
        changed = await client.patch("/api/v2/me", json={"email": "ada@other.example"})
        assert (changed.status_code, changed.json()["code"]) == (403, "reauthentication_required")
        assert (await client.patch("/api/v2/me", json={"email": "ada@example.com"})).status_code == 200, "no change"
        wrong = await client.post("/api/v2/auth/reauthentications", json={"password": "a wrong password"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
        assert (await client.post("/api/v2/auth/reauthentications", json={"password": PASSWORD})).status_code == 204
        assert (await client.patch("/api/v2/me", json={"display_name": "Ada"})).status_code == 200
        assert (await client.patch("/api/v2/me", json={"email": "ada@other.example"})).status_code == 200
        await execute(test_app, "UPDATE sessions SET authenticated_at = authenticated_at - interval '11 minutes'")
        assert (await client.patch("/api/v2/me", json={"email": "ada@third.example"})).status_code == 403


async def test_v2_sets_a_password_with_the_present_one(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    own, other = await test_app.session(ada), await test_app.session(ada)
    async with test_app.client(own) as client:
        body = {"current_password": "a wrong password", "password": NEW}
        wrong = await client.put("/api/v2/me/password", json=body)
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
        await execute(test_app, "UPDATE sessions SET created_at = created_at - interval '11 minutes'")
        stale = await client.put("/api/v2/me/password", json={"password": NEW})
        assert (stale.status_code, stale.json()["code"]) == (403, "reauthentication_required")
        body["current_password"] = PASSWORD
        assert (await client.put("/api/v2/me/password", json=body)).status_code == 204
        assert (await client.get("/api/v2/me")).status_code == 200, "the caller's session stays"
        assert (await client.get("/api/v2/me", headers=other)).status_code == 401
    assert await signs_in(test_app, "ada@example.com", NEW)


async def test_v2_sets_a_password_with_a_session_of_the_last_10_minutes(test_app: TestApp) -> None:
    """A user without a password proves the identity with a provider instead."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(await test_app.session(ada)) as client:
        assert (await client.put("/api/v2/me/password", json={"password": NEW})).status_code == 204
    assert await signs_in(test_app, "ada@example.com", NEW)


@pytest.mark.parametrize("state", ["is_verified = false", "is_active = false"])
async def test_the_last_admin_who_can_act_stays(test_app: TestApp, state: str) -> None:
    """Another admin who cannot sign in is no replacement."""
    root = await test_app.person("root@example.com", Role.ADMIN)
    await test_app.person("other@example.com", Role.ADMIN)
    await execute(test_app, f"UPDATE users SET {state} WHERE email = 'other@example.com'")  # noqa: S608 - a constant
    async with test_app.client(await test_app.session(root)) as client:
        me = (await client.get("/api/v2/me")).json()["id"]
        attempts = [
            await client.put(f"/api/v2/users/{me}/roles", json={"roles": ["author"]}),
            *[await dialect.edit_user(root, is_active=False).send(client) for dialect in DIALECTS.values()],
            *[await client.delete(dialect.user_url(root)) for dialect in DIALECTS.values()],
        ]
    assert [response.status_code for response in attempts] == [409] * (1 + 2 * len(DIALECTS))


@pytest.mark.parametrize(
    ("scopes", "missing", "path", "body"),
    [
        *((["posts:write"], "posts:read", f"/api/{name}/posts", {"title": "t", "content": "c"}) for name in DIALECTS),
        (["posts:write"], "posts:read", "/api/v2/posts/batch", {"operations": []}),
        *(
            (["users:write"], "users:read", operation.template, {})
            for operation in ALL
            if operation.name == "users.create"
        ),
    ],
)
async def test_a_write_whose_response_shows_the_resource_needs_the_read_scope(
    test_app: TestApp, scopes: list[str], missing: str, path: str, body: dict[str, Any]
) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN, scopes=scopes)
    async with test_app.client(ada.headers) as client:
        response = await client.post(path, json=body)
    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{missing}"'


async def test_an_edit_of_the_profile_needs_the_read_scope(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN, scopes=["profile:write", "users:write", "roles:write"])
    bob = await test_app.person("bob@example.com")
    other = DIALECTS[WIRE].user_url(bob)
    async with test_app.client(ada.headers) as client:
        found = {
            "profile:read": await client.patch("/api/v2/me", json={"display_name": "A"}),
            "users:read": await client.patch(other, json={"display_name": "B"}),
        }
        rejected = [
            *[await dialect.edit_user(ada, name="A").send(client) for dialect in DIALECTS.values()],
            await client.put(f"{other}/roles", json={"roles": ["author"]}),
        ]
    for scope, response in found.items():
        assert response.status_code == 403
        assert f'scope="{scope}"' in response.headers["WWW-Authenticate"]
    assert {response.status_code for response in rejected} == {403}


async def test_another_users_profile_names_the_scope_that_would_be_enough(test_app: TestApp) -> None:
    ada, bob = await test_app.person("ada@example.com"), await test_app.person("bob@example.com")
    async with test_app.client(ada.headers) as client:
        responses = {name: await dialect.edit_user(bob, name="B").send(client) for name, dialect in DIALECTS.items()}
    for response in responses.values():
        assert response.status_code == 403
        assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="users:write"'
    assert responses[WIRE].json()["required_scope"] == "users:write"


async def test_a_sign_in_is_never_replayed(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    async with test_app.client({"Idempotency-Key": '"sign-in"'}) as client:
        first = await client.post("/api/v2/auth/token", data=form)
        assert first.status_code == 200
        own = {"Authorization": f"Bearer {first.json()['access_token']}"}
        assert (await DIALECTS[WIRE].set_password(ada, NEW, PASSWORD).send(client, headers=own)).status_code == 204
        again = await client.post("/api/v2/auth/token", data=form)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (401, False)


async def test_a_replay_needs_the_permissions_of_the_operation(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.MODERATOR)
    body = {"title": "t", "content": "c"}
    async with test_app.client({**ada.headers, "Idempotency-Key": '"post"'}) as client:
        assert (await client.post("/api/v2/posts", json=body)).status_code == 201
        await execute(test_app, "UPDATE users SET roles = ARRAY['reader'] WHERE email = 'ada@example.com'")
        assert (await client.post("/api/v2/posts", json=body)).status_code == 403


async def test_a_rotated_refresh_token_returns_the_same_successor_for_30_seconds(test_app: TestApp) -> None:
    await test_app.person("ada@example.com")
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}

    async def refresh(token: str) -> httpx2.Response:
        async with test_app.client() as client:
            grant = {"grant_type": "refresh_token", "refresh_token": token}
            return await client.post("/api/v2/auth/token", data=grant)

    async with test_app.client() as client:
        token = (await client.post("/api/v2/auth/token", data=form)).json()["refresh_token"]
    answers = [await refresh(token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    (following,) = {answer.json()["refresh_token"] for answer in answers}
    assert following != token
    await execute(test_app, "UPDATE refresh_tokens SET spent_at = spent_at - interval '31 seconds'")
    assert (await refresh(token)).status_code == 401, "a second client has the token"
    assert (await refresh(following)).status_code == 401, "the session has ended"
