"""Each change records its events in its own transaction, without personal data."""

import orjson
import pytest
from sqlalchemy import text

from app.access.principal import Role
from tests.support.app import PASSWORD, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.wire import WIRE

ADDRESS = "ada@example.com"


async def new_events(test_app: TestApp) -> list[str]:
    """The types of the events since the last call."""
    async with test_app.runtime.database.write() as session:
        rows = (await session.execute(text("DELETE FROM events RETURNING id, type, payload"))).all()
    for row in rows:
        payload = orjson.dumps(row.payload).decode()
        for personal in (ADDRESS, "example.com", "Lovelace", "secret words", PASSWORD):
            assert personal not in payload, row
    return [row.type for row in sorted(rows)]


async def test_every_change_records_its_events(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client() as client, test_app.client(root.headers) as admin:
        body = {"email": ADDRESS, "password": PASSWORD, "display_name": "Lovelace"}
        await client.post("/api/v2/auth/registrations", json=body)
        (mail,) = await test_app.deliver()
        assert await new_events(test_app) == [], "a registration is pending until its address is verified"
        await client.post("/api/v2/auth/verifications", json={"token": token_of(mail)})
        assert await new_events(test_app) == ["user.registered"]
        await client.post("/api/v2/auth/registrations", json=body)
        await test_app.deliver()
        assert await new_events(test_app) == [], "the owner of the address is unchanged"
        tokens = (await DIALECTS[WIRE].login(ADDRESS).send(client)).json()
        assert await new_events(test_app) == ["session.started"]
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

        made = await client.post("/api/v2/posts", json={"title": "secret words", "content": "", "status": "published"})
        assert await new_events(test_app) == ["post.created", "post.published"]
        url = made.headers["Location"]
        await client.patch(url, json={"title": "other secret words"})
        assert await new_events(test_app) == ["post.updated"]
        await client.patch(url, json={"title": "other secret words"})
        await client.post(f"{url}/views")
        assert await new_events(test_app) == [], "neither an edit without changes nor a view records an event"
        await client.delete(url)
        assert await new_events(test_app) == ["post.deleted"]

        own = (await client.patch("/api/v2/me", json={"display_name": "Lovelace again"})).json()["id"]
        assert await new_events(test_app) == ["user.updated"]
        await admin.put(f"/api/v2/users/{own}/roles", json={"roles": ["moderator"]})
        assert await new_events(test_app) == ["user.roles_changed"]
        await client.post("/api/v2/auth/revoke", data={"token": tokens["refresh_token"]})
        assert await new_events(test_app) == ["session.revoked"]
        await admin.delete(f"/api/v2/users/{own}")
        assert await new_events(test_app) == ["user.deleted"]


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_rollback_removes_the_events(test_app: TestApp, *, atomic: bool) -> None:
    ada = await test_app.person(ADDRESS)
    create = {"op": "create", "post": {"title": "T", "content": ""}}
    gone = {"op": "delete", "id": "post_01h455vb4pex5vsknk084sn02q"}
    async with test_app.client(ada.headers) as client:
        answer = await client.post("/api/v2/posts/batch", json={"operations": [create, gone], "atomic": atomic})
        assert answer.status_code == (404 if atomic else 207)
        assert await new_events(test_app) == ([] if atomic else ["post.created"])
        assert len((await client.get("/api/v2/posts")).json()["data"]) == (0 if atomic else 1)
