"""A second revocation of a key or a session changes neither its date nor what is recorded about it."""

from typing import Any

import pytest
from sqlalchemy import text

from app.access.principal import Role
from app.access.service import ApiKeyService
from app.kit.clock import utc_now
from tests.support.app import PASSWORD, Person, TestApp, token_of
from versions.kit.typeid import encode
from versions.v2.ids import SESSION

ADDRESS = "ada@example.com"
NEW = "another horse battery"


async def rows(test_app: TestApp, query: str) -> list[Any]:
    async with test_app.runtime.database.write() as session:
        return list(await session.execute(text(query)))


async def revoked_sessions(test_app: TestApp) -> dict[Any, Any]:
    found = await rows(test_app, "SELECT uid, revoked_at FROM sessions WHERE revoked_at IS NOT NULL")
    return {row.uid: row.revoked_at for row in found}


async def revocations_of(test_app: TestApp, uid: Any) -> list[Any]:
    return await rows(test_app, f"SELECT id FROM events WHERE type = 'session.revoked' AND subject_uid = '{uid}'")  # noqa: S608 - of a test


async def sign_in(test_app: TestApp, password: str = PASSWORD) -> dict[str, Any]:
    form = {"grant_type": "password", "username": ADDRESS, "password": password}
    async with test_app.client() as client:
        tokens: dict[str, Any] = (await client.post("/api/v2/auth/token", data=form)).json()
        return tokens


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_a_key_keeps_the_date_of_its_first_revocation(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    (key,) = await rows(test_app, "SELECT uid FROM api_keys")
    dates = []
    for _ in range(2):
        async with test_app.runtime.database.write() as session:
            await ApiKeyService(session).revoke(key.uid, utc_now())
        dates += await rows(test_app, "SELECT revoked_at FROM api_keys")
    assert dates[0].revoked_at is not None
    assert dates[0] == dates[1]


@pytest.mark.parametrize("way", ["delete", "revoke", "reuse", "password", "reset", "deactivate"])
async def test_a_session_keeps_the_date_of_its_first_revocation(test_app: TestApp, way: str) -> None:
    ada = await test_app.person(ADDRESS)
    root = await test_app.person("root@example.com", Role.ADMIN)
    ended, own = await sign_in(test_app), await sign_in(test_app)
    async with test_app.client(bearer(own)) as client:
        await client.post("/api/v2/auth/revoke", data={"token": ended["refresh_token"]})
        before = await revoked_sessions(test_app)
        assert len(before) == 1
        (uid,) = before
        events = await revocations_of(test_app, uid)
        assert len(events) == 1
        await revoke_again(test_app, way, ada, root, ended, own)
    after = await revoked_sessions(test_app)
    assert after[uid] == before[uid]
    assert await revocations_of(test_app, uid) == events
    assert len(after) == (2 if way in {"reset", "deactivate"} else 1), "the other session"


async def revoke_again(
    test_app: TestApp, way: str, ada: Person, root: Person, ended: dict[str, Any], own: dict[str, Any]
) -> None:
    async with test_app.client(bearer(own)) as client, test_app.client(root.headers) as admin:
        uid = (await client.get("/api/v2/me")).json()["id"]
        match way:
            case "delete":
                sessions = await rows(test_app, "SELECT uid FROM sessions WHERE revoked_at IS NOT NULL")
                response = await client.delete(f"/api/v2/auth/sessions/{encode(SESSION, sessions[0].uid)}")
                assert response.status_code == 404
            case "revoke":
                response = await client.post("/api/v2/auth/revoke", data={"token": ended["refresh_token"]})
                assert response.status_code == 200
            case "reuse":
                form = {"grant_type": "refresh_token", "refresh_token": ended["refresh_token"]}
                assert (await client.post("/api/v2/auth/token", data=form)).status_code == 401
            case "password":
                body = {"current_password": PASSWORD, "password": NEW}
                assert (await client.put("/api/v2/me/password", json=body)).status_code == 204
            case "reset":
                await client.post("/api/v2/auth/password-resets", json={"email": ada.user.email})
                (mail,) = await test_app.deliver()
                body = {"token": token_of(mail), "password": NEW}
                assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 204
            case "deactivate":
                response = await admin.patch(f"/api/v2/users/{uid}", json={"is_active": False})
                assert response.status_code == 200
