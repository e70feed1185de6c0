"""Each change tells of itself in its own transaction, and says nothing personal."""

import orjson
import pytest
from sqlalchemy import text

from app.access.principal import Role
from tests.support.app import PASSWORD, World, token_of

ADDRESS = "ada@example.com"


async def told(world: World) -> list[str]:
    """The types of the events since the last look."""
    async with world.runtime.database.write() as session:
        rows = (await session.execute(text("DELETE FROM events RETURNING id, type, payload"))).all()
    for row in rows:
        payload = orjson.dumps(row.payload).decode()
        for personal in (ADDRESS, "example.com", "Lovelace", "secret words", PASSWORD):
            assert personal not in payload, row
    return [row.type for row in sorted(rows)]


async def test_a_life_in_events(world: World) -> None:
    root = await world.person("root@example.com", Role.ADMIN)
    async with world.client() as client, world.client(root.headers) as admin:
        body = {"email": ADDRESS, "password": PASSWORD, "display_name": "Lovelace"}
        await client.post("/api/v2/auth/registrations", json=body)
        assert await told(world) == ["user.registered"]
        await client.post("/api/v2/auth/registrations", json=body)
        assert await told(world) == [], "nothing happened to whom the address belongs"
        (mail,) = await world.deliver()
        await client.post("/api/v2/auth/verifications", json={"token": token_of(mail)})
        assert await told(world) == ["user.verified"]
        tokens = (await client.post("/api/v1/auth/login", data={"username": ADDRESS, "password": PASSWORD})).json()
        assert await told(world) == ["session.started"]
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

        made = await client.post("/api/v2/posts", json={"title": "secret words", "content": "", "status": "published"})
        assert await told(world) == ["post.created", "post.published"]
        url = made.headers["Location"]
        await client.patch(url, json={"title": "other secret words"})
        assert await told(world) == ["post.updated"]
        await client.patch(url, json={"title": "other secret words"})
        await client.post(f"{url}/views")
        assert await told(world) == [], "an edit that changes nothing is none, and a view is no edit"
        await client.delete(url)
        assert await told(world) == ["post.deleted"]

        own = (await client.patch("/api/v2/me", json={"display_name": "Lovelace again"})).json()["id"]
        assert await told(world) == ["user.updated"]
        await admin.put(f"/api/v2/users/{own}/roles", json={"roles": ["moderator"]})
        assert await told(world) == ["user.roles_changed"]
        await client.post("/api/v2/auth/revoke", data={"token": tokens["refresh_token"]})
        assert await told(world) == ["session.revoked"]
        await admin.delete(f"/api/v2/users/{own}")
        assert await told(world) == ["user.deleted"]


@pytest.mark.parametrize("atomic", [True, False])
async def test_what_is_rolled_back_is_not_told(world: World, *, atomic: bool) -> None:
    ada = await world.person(ADDRESS)
    create = {"op": "create", "post": {"title": "T", "content": ""}}
    gone = {"op": "delete", "id": "post_01h455vb4pex5vsknk084sn02q"}
    async with world.client(ada.headers) as client:
        answer = await client.post("/api/v2/posts/batch", json={"operations": [create, gone], "atomic": atomic})
        assert answer.status_code == (404 if atomic else 207)
        assert await told(world) == ([] if atomic else ["post.created"])
        assert len((await client.get("/api/v2/posts")).json()["data"]) == (0 if atomic else 1)
