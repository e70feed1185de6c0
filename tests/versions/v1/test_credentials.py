"""A change of credentials in v1 requires a recent sign-in or the current password."""

from collections.abc import Mapping

import httpx2

from app.access.principal import Role
from tests.support.app import PASSWORD, Person, TestApp

NEW = "another horse battery"
AGED = "UPDATE sessions SET created_at = created_at - interval '11 minutes', authenticated_at = NULL"


async def execute(test_app: TestApp, statement: str) -> None:
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute(statement)


async def signs_in(test_app: TestApp, email: str, password: str) -> bool:
    async with test_app.client() as client:
        form = {"username": email, "password": password}
        return (await client.post("/api/v1/auth/login", data=form)).status_code == 200


async def put_password(test_app: TestApp, headers: Mapping[str, str], user: Person, **proof: str) -> httpx2.Response:
    async with test_app.client(dict(headers)) as client:
        return await client.put(f"/api/v1/users/{user.user.id}", json={"password": NEW, **proof})


async def test_a_password_needs_a_young_session_or_the_current_one(test_app: TestApp) -> None:
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
    """The reauthentication is an operation of its successor, with the same session."""
    ada = await test_app.person("ada@example.com")
    headers = await test_app.session(ada)
    await execute(test_app, "UPDATE sessions SET authenticated_at = now() - interval '9 minutes'")
    assert (await put_password(test_app, headers, ada)).status_code == 200
    await execute(test_app, "UPDATE sessions SET created_at = created_at - interval '11 minutes'")
    await execute(test_app, "UPDATE sessions SET authenticated_at = authenticated_at - interval '2 minutes'")
    assert (await put_password(test_app, headers, ada)).status_code == 403


async def test_an_admin_proves_themselves(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    ada = await test_app.person("ada@example.com")
    headers = await test_app.session(root)
    await execute(test_app, AGED)
    await execute(test_app, "UPDATE users SET password_hash = 'x' WHERE email = 'ada@example.com'")
    assert (await put_password(test_app, headers, ada)).status_code == 403
    assert (await put_password(test_app, headers, ada, current_password=PASSWORD)).status_code == 200
    assert await signs_in(test_app, "ada@example.com", NEW)


async def test_a_refresh_returns_the_same_refresh_token(test_app: TestApp) -> None:
    await test_app.person("ada@example.com")
    async with test_app.client() as client:
        form = {"username": "ada@example.com", "password": PASSWORD}
        token = (await client.post("/api/v1/auth/login", data=form)).json()["refresh_token"]
        for _ in range(3):
            again = await client.post("/api/v1/auth/refresh", json={"refresh_token": token})
            assert (again.status_code, again.json()["refresh_token"]) == (200, token)
        await execute(test_app, "UPDATE refresh_tokens SET spent_at = spent_at - interval '31 seconds'")
        assert (await client.post("/api/v1/auth/refresh", json={"refresh_token": token})).status_code == 200
        wrong = await client.post("/api/v1/auth/refresh", json={"refresh_token": again.json()["access_token"]})
    assert (wrong.status_code, wrong.json()) == (401, {"detail": "Invalid token type"})
