"""Exports of v2: their rows are the items of its lists."""

from typing import Any

import httpx2
import orjson
import pytest

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.exports import TEXTS, as_cells, from_csv, write_posts


async def get(test_app: TestApp, path: str, headers: dict[str, str]) -> httpx2.Response:
    async with test_app.client(headers) as client:
        response = await client.get(path)
    assert response.status_code == 200, response.text
    return response


async def pages(test_app: TestApp, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """All items of a list of v2."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        body = (await get(test_app, f"{path}&limit=4{cursor}", headers)).json()
        items += body["data"]
        if not body["has_more"]:
            return items
        cursor = f"&cursor={body['next_cursor']}"


@pytest.mark.parametrize("role", [Role.READER, Role.AUTHOR, Role.ADMIN])
async def test_posts_are_those_of_the_list(test_app: TestApp, role: Role) -> None:
    author = await test_app.person("author@example.com", Role.AUTHOR)
    caller = author if role is Role.AUTHOR else await test_app.person("other@example.com", role)
    await write_posts(test_app, author)
    expected = await pages(test_app, "/api/v2/posts?sort=created_at", caller.headers)
    assert len(expected) == (4 if role is Role.READER else len(TEXTS))
    document = await get(test_app, "/api/v2/exports/posts?format=json", caller.headers)
    assert document.json() == {"data": expected}
    lines = (await get(test_app, "/api/v2/exports/posts?format=ndjson", caller.headers)).content.splitlines()
    assert [orjson.loads(line) for line in lines] == expected
    assert from_csv((await get(test_app, "/api/v2/exports/posts", caller.headers)).text) == as_cells(expected)


async def test_users_are_those_of_the_list(test_app: TestApp) -> None:
    admin = await test_app.person("admin@example.com", Role.ADMIN)
    await test_app.person("+formula@example.com", Role.AUTHOR, Role.MODERATOR, verified=False)
    expected = await pages(test_app, "/api/v2/users?", admin.headers)
    # The row of the oldest user is the last one of the table now.
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE users SET roles = roles WHERE id = $1", admin.user.id)
    assert from_csv((await get(test_app, "/api/v2/exports/users", admin.headers)).text) == as_cells(expected)
    document = await get(test_app, "/api/v2/exports/users?format=json", admin.headers)
    assert document.json() == {"data": expected}
