"""Properties of posts that need no other version to compare with; laws of two versions end with the older one."""

from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.app import TestApp

POSTS = "/api/v2/posts"
OF_ONE_REQUEST = {"instance", "request_id", "trace_id"}
Json = dict[str, Any]


def without(names: set[str], document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in names}


async def draft(client: Any, **fields: object) -> Json:
    made: Json = (await client.post(POSTS, json={"title": "T", "content": "C", **fields})).json()
    return made


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_equals_its_operations(test_app: TestApp, *, atomic: bool) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        single, batched, deleted = [await draft(client) for _ in range(3)]
        patch = {"title": "N", "status": "published"}
        alone = (await client.patch(f"{POSTS}/{single['id']}", json=patch)).json()
        operations: list[Json] = [
            {"op": "create", "post": {"title": "New", "content": "c"}},
            {"op": "update", "id": batched["id"], "patch": patch},
            {"op": "delete", "id": deleted["id"]},
        ]
        response = await client.post(f"{POSTS}/batch", json={"atomic": atomic, "operations": operations})
        created, updated, removed = response.json()["results"]
        assert (created["status"], updated["status"], removed["status"]) == (201, 200, 204)
        differing = {"id", "v1_id", "created_at", "updated_at", "published_at"}
        assert without(differing, updated["post"]) == without(differing, alone)
        for shown in (created["post"], updated["post"]):
            assert (await client.get(f"{POSTS}/{shown['id']}")).json() == shown
        missing = await client.delete(f"{POSTS}/{deleted['id']}")
        operations[0] = {"op": "delete", "id": deleted["id"]}
        again = await client.post(f"{POSTS}/batch", json={"atomic": atomic, "operations": operations})
    first = again.json() if atomic else again.json()["results"][0]["problem"]
    assert without(OF_ONE_REQUEST, first) == without(OF_ONE_REQUEST, missing.json())
    assert missing.status_code == 404
    assert (again.status_code if atomic else again.json()["results"][0]["status"]) == 404


@pytest.mark.parametrize("seed", range(4))
async def test_several_sort_keys_refine_one(test_app: TestApp, seed: int) -> None:
    """Items that are equal by one key are ordered by the next, and by their ids in the direction of the last."""
    random = Random(seed)  # noqa: S311 - no secret
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        for _ in range(8):
            await draft(client, title=random.choice("AB"), status="published")
        async with test_app.runtime.database.write() as session:
            await session.execute(text("UPDATE posts SET view_count = (id * 7 + :seed) % 3"), {"seed": seed})
        whole = (await client.get(f"{POSTS}?limit=100&sort=created_at")).json()["data"]
        for _ in range(6):
            keys = [(name, random.random() < 0.5) for name in random.sample(["title", "view_count", "created_at"], 2)]
            expected = list(whole)
            expected.sort(key=lambda post: post["v1_id"], reverse=keys[-1][1])
            for name, descending in reversed(keys):
                expected.sort(key=lambda post, name=name: post[name], reverse=descending)
            sort = ",".join(f"-{name}" if descending else name for name, descending in keys)
            found: list[Json] = []
            cursor = ""
            while True:
                page = (await client.get(f"{POSTS}?sort={sort}&limit=3{cursor}")).json()
                found += page["data"]
                if not page["has_more"]:
                    break
                cursor = f"&cursor={page['next_cursor']}"
            assert found == expected, sort


async def test_a_location_leads_to_the_post(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        created = await client.post(POSTS, json={"title": "T", "content": "c"})
        read = await client.get(created.headers["Location"])
        assert (read.json(), read.headers["ETag"]) == (created.json(), created.headers["ETag"])
        changed = await client.patch(created.headers["Location"], json={"title": "U"})
        read = await client.get(created.headers["Location"])
        assert (read.json(), read.headers["ETag"]) == (changed.json(), changed.headers["ETag"])
