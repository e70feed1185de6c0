"""Both versions take the same decision on every operation, object and role."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.access.principal import Role
from tests.support.app import Person, TestApp

STATES = ("draft", "published", "archived")
ROLES: Mapping[str, Role | None] = {
    "anonymous": None,
    "reader": Role.READER,
    "author": Role.AUTHOR,
    "moderator": Role.MODERATOR,
    "admin": Role.ADMIN,
}
# What each may do with somebody else's post, by its state: read, edit, delete. 401: who are you; 404: what post.
EXPECTED: Mapping[str, Mapping[str, tuple[int, int, int]]] = {
    "anonymous": {"draft": (404, 401, 401), "published": (200, 401, 401), "archived": (404, 401, 401)},
    "reader": {"draft": (404, 403, 403), "published": (200, 403, 403), "archived": (404, 403, 403)},
    "author": {"draft": (404, 404, 404), "published": (200, 403, 403), "archived": (404, 404, 404)},
    "moderator": {"draft": (404, 404, 404), "published": (200, 403, 204), "archived": (404, 404, 404)},
    "admin": {"draft": (200, 403, 204), "published": (200, 403, 204), "archived": (200, 403, 204)},
}


async def write(test_app: TestApp, author: Person, status: str) -> dict[str, Any]:
    async with test_app.client(author.headers) as client:
        made: dict[str, Any] = (await client.post("/api/v2/posts", json={"title": "T", "content": "c"})).json()
        changed = await client.patch(f"/api/v2/posts/{made['id']}", json={"status": status})
        assert changed.json()["status"] == status
        return made


async def outcome(test_app: TestApp, headers: dict[str, str] | None, version: str, url: str) -> tuple[int, int, int]:
    edit = {"title": "Mine"}
    async with test_app.client(headers) as client:
        read = await client.get(url)
        edited = await (client.put(url, json=edit) if version == "v1" else client.patch(url, json=edit))
        deleted = await client.delete(url)
    return read.status_code, edited.status_code, deleted.status_code


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
async def test_somebody_elses_post(test_app: TestApp, role: str, state: str) -> None:
    author = await test_app.person("ada@example.com")
    granted = ROLES[role]
    caller = None if granted is None else await test_app.person("bob@example.com", granted)
    headers = None if caller is None else caller.headers
    old, new = await write(test_app, author, state), await write(test_app, author, state)
    outcomes = {
        "v1": await outcome(test_app, headers, "v1", f"/api/v1/posts/{old['v1_id']}"),
        "v2": await outcome(test_app, headers, "v2", f"/api/v2/posts/{new['id']}"),
    }
    assert outcomes == {"v1": EXPECTED[role][state], "v2": EXPECTED[role][state]}


@pytest.mark.parametrize("state", STATES)
async def test_ones_own_post(test_app: TestApp, state: str) -> None:
    author = await test_app.person("ada@example.com")
    old, new = await write(test_app, author, state), await write(test_app, author, state)
    assert await outcome(test_app, author.headers, "v1", f"/api/v1/posts/{old['v1_id']}") == (200, 200, 204)
    assert await outcome(test_app, author.headers, "v2", f"/api/v2/posts/{new['id']}") == (200, 200, 204)


@pytest.mark.parametrize("role", ROLES)
async def test_both_versions_list_and_find_the_same(test_app: TestApp, role: str) -> None:
    author = await test_app.person("ada@example.com")
    granted = ROLES[role]
    caller = None if granted is None else await test_app.person("bob@example.com", granted)
    for state in STATES:
        await write(test_app, author, state)
    async with test_app.client(None if caller is None else caller.headers) as client:
        old = (await client.get("/api/v1/posts", params={"sort_by": "title"})).json()
        new = (await client.get("/api/v2/posts", params={"sort": "title"})).json()
    seen = {post["id"] for post in old["items"]}
    assert seen == {post["v1_id"] for post in new["data"]}
    assert old["total"] == len(seen) == (3 if role == "admin" else 1)


async def test_a_key_can_do_no_more_than_its_scopes(test_app: TestApp) -> None:
    reader = await test_app.person("ada@example.com", scopes=["posts:read"])
    async with test_app.client(reader.headers) as client:
        assert (await client.get("/api/v2/posts")).status_code == 200
        old = await client.post("/api/v1/posts", json={"title": "T", "content": ""})
        assert (old.status_code, old.json()) == (403, {"detail": "Insufficient permissions"})
        new = await client.post("/api/v2/posts", json={"title": "T", "content": ""})
        assert (new.status_code, new.json()["code"]) == (403, "insufficient_permissions")
        assert new.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="posts:write"'
