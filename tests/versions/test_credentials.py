"""Changing credentials requires a credential: a session, and fresh proof of the person behind it."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import PASSWORD, Person, TestApp

NEW = "another horse battery"
AGED = "UPDATE sessions SET created_at = created_at - interval '11 minutes', authenticated_at = NULL"


async def execute(test_app: TestApp, statement: str) -> None:
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute(statement)


async def signs_in(test_app: TestApp, email: str, password: str) -> bool:
    async with test_app.client() as client:
        form = {"grant_type": "password", "username": email, "password": password}
        return (await client.post("/api/v2/auth/token", data=form)).status_code == 200


async def put_password(test_app: TestApp, headers: Mapping[str, str], user: Person, **proof: str) -> httpx2.Response:
    async with test_app.client(dict(headers)) as client:
        return await client.put(f"/api/v1/users/{user.user.id}", json={"password": NEW, **proof})


async def test_a_key_cannot_change_credentials(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN)
    await test_app.session(ada)
    async with test_app.client(ada.headers) as client:
        attempts = [
            await client.put(f"/api/v1/users/{ada.user.id}", json={"password": NEW, "current_password": PASSWORD}),
            await client.put("/api/v2/me/password", json={"current_password": PASSWORD, "password": NEW}),
            await client.post("/api/v2/auth/reauthentications", json={"password": PASSWORD}),
            await client.get("/api/v2/auth/sessions"),
            await client.delete("/api/v2/auth/sessions/ses_01jwxq7c8gfq8sh1tbp9xqk3ma"),
            await client.put(f"/api/v1/users/{ada.user.id}", json={"email": "eve@example.com"}),
        ]
    for response in attempts:
        assert response.status_code == 403, response.text
        assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="credentials:write"'
    assert await signs_in(test_app, "ada@example.com", PASSWORD)


async def test_v1_wants_a_young_session_or_the_password(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    headers = await test_app.session(ada)
    await execute(test_app, AGED)
    refused = await put_password(test_app, headers, ada)
    assert (refused.status_code, refused.json()) == (403, {"detail": "Please sign in again"})
    wrong = await put_password(test_app, headers, ada, current_password="a wrong password")
    assert (wrong.status_code, wrong.json()) == (403, {"detail": "The current password is wrong."})
    assert await signs_in(test_app, "ada@example.com", PASSWORD)
    assert (await put_password(test_app, headers, ada, current_password=PASSWORD)).status_code == 200
    assert await signs_in(test_app, "ada@example.com", NEW)


async def test_a_young_session_is_sufficient_proof(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    assert (await put_password(test_app, await test_app.session(ada), ada)).status_code == 200
    assert await signs_in(test_app, "ada@example.com", NEW)


async def test_a_reauthentication_makes_the_session_fresh_for_ten_minutes(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.ADMIN)
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
        assert (await put_password(test_app, headers, ada)).status_code == 200
    await execute(test_app, "UPDATE sessions SET authenticated_at = authenticated_at - interval '11 minutes'")
    assert (await put_password(test_app, headers, ada)).status_code == 403


async def test_v2_sets_a_password_with_the_present_one(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    own, other = await test_app.session(ada), await test_app.session(ada)
    async with test_app.client(own) as client:
        body = {"current_password": "a wrong password", "password": NEW}
        wrong = await client.put("/api/v2/me/password", json=body)
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
        assert (await client.put("/api/v2/me/password", json={"password": NEW})).status_code == 422
        body["current_password"] = PASSWORD
        assert (await client.put("/api/v2/me/password", json=body)).status_code == 204
        assert (await client.get("/api/v2/me")).status_code == 200, "the caller's session stays"
        assert (await client.get("/api/v2/me", headers=other)).status_code == 401
    assert await signs_in(test_app, "ada@example.com", NEW)


async def test_an_admin_proves_themselves(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    ada = await test_app.person("ada@example.com")
    headers = await test_app.session(root)
    await execute(test_app, AGED)
    await execute(test_app, "UPDATE users SET password_hash = 'x' WHERE email = 'ada@example.com'")
    assert (await put_password(test_app, headers, ada)).status_code == 403
    assert (await put_password(test_app, headers, ada, current_password=PASSWORD)).status_code == 200
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
            await client.patch(f"/api/v2/users/{me}", json={"is_active": False}),
            await client.delete(f"/api/v2/users/{me}"),
            await client.put(f"/api/v1/users/{root.user.id}", json={"is_active": False}),
            await client.delete(f"/api/v1/users/{root.user.id}"),
        ]
    assert [response.status_code for response in attempts] == [409] * 5


@pytest.mark.parametrize(
    ("scopes", "missing", "path", "body"),
    [
        (["posts:write"], "posts:read", "/api/v1/posts", {"title": "t", "content": "c"}),
        (["posts:write"], "posts:read", "/api/v2/posts", {"title": "t", "content": "c"}),
        (["posts:write"], "posts:read", "/api/v2/posts/batch", {"operations": []}),
        (["users:write"], "users:read", "/api/v1/users", {}),
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
    async with test_app.client(bob.headers) as client:
        other = (await client.get("/api/v2/me")).json()["id"]
    async with test_app.client(ada.headers) as client:
        found = {
            "profile:read": await client.patch("/api/v2/me", json={"display_name": "A"}),
            "users:read": await client.patch(f"/api/v2/users/{other}", json={"display_name": "B"}),
        }
        in_v1 = await client.put(f"/api/v1/users/{ada.user.id}", json={"full_name": "A"})
        roles = await client.put(f"/api/v2/users/{other}/roles", json={"roles": ["author"]})
    for scope, response in found.items():
        assert response.status_code == 403
        assert f'scope="{scope}"' in response.headers["WWW-Authenticate"]
    assert (in_v1.status_code, roles.status_code) == (403, 403)


async def test_another_users_profile_names_the_scope_that_would_be_enough(test_app: TestApp) -> None:
    ada, bob = await test_app.person("ada@example.com"), await test_app.person("bob@example.com")
    async with test_app.client(bob.headers) as client:
        other = (await client.get("/api/v2/me")).json()["id"]
    async with test_app.client(ada.headers) as client:
        responses = [
            await client.put(f"/api/v1/users/{bob.user.id}", json={"full_name": "B"}),
            await client.patch(f"/api/v2/users/{other}", json={"display_name": "B"}),
        ]
    for response in responses:
        assert response.status_code == 403
        assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="users:write"'
    assert responses[1].json()["required_scope"] == "users:write"


async def test_a_sign_in_is_never_replayed(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    async with test_app.client({"Idempotency-Key": '"sign-in"'}) as client:
        first = await client.post("/api/v2/auth/token", data=form)
        assert first.status_code == 200
        own = {"Authorization": f"Bearer {first.json()['access_token']}"}
        assert (await put_password(test_app, own, ada, current_password=PASSWORD)).status_code == 200
        again = await client.post("/api/v2/auth/token", data=form)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (401, False)


async def test_a_replay_needs_the_permissions_of_the_operation(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.MODERATOR)
    body = {"title": "t", "content": "c"}
    async with test_app.client({**ada.headers, "Idempotency-Key": '"post"'}) as client:
        assert (await client.post("/api/v2/posts", json=body)).status_code == 201
        await execute(test_app, "UPDATE users SET roles = ARRAY['reader'] WHERE email = 'ada@example.com'")
        assert (await client.post("/api/v2/posts", json=body)).status_code == 403


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_refresh_tokens(test_app: TestApp, version: str) -> None:
    """v1 keeps its token; v2 rotates it, and the rotated one returns the same successor for 30 seconds."""
    await test_app.person("ada@example.com")
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}

    async def refresh(token: str) -> httpx2.Response:
        async with test_app.client() as client:
            if version == "v1":
                return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})
            grant = {"grant_type": "refresh_token", "refresh_token": token}
            return await client.post("/api/v2/auth/token", data=grant)

    async with test_app.client() as client:
        token = (await client.post("/api/v2/auth/token", data=form)).json()["refresh_token"]
    answers = [await refresh(token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    (following,) = {answer.json()["refresh_token"] for answer in answers}
    assert (following == token) is (version == "v1")
    await execute(test_app, "UPDATE refresh_tokens SET spent_at = spent_at - interval '31 seconds'")
    if version == "v1":
        assert (await refresh(token)).status_code == 200
        return
    assert (await refresh(token)).status_code == 401, "a second client has the token"
    assert (await refresh(following)).status_code == 401, "the session has ended"
