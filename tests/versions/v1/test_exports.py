"""Exports of v1: their rows are the items of its lists."""

import httpx2

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.exports import TEXTS, as_cells, fill, from_csv, write_posts

CSV = "/api/v1/export/posts.csv"
DATASET = "/api/v1/large-dataset"
NAMES = "id,title,content,published,author_id,view_count,created_at,updated_at\n"
MANY = 20_000


async def get(test_app: TestApp, path: str, headers: dict[str, str]) -> httpx2.Response:
    async with test_app.client(headers) as client:
        response = await client.get(path)
    assert response.status_code == 200, response.text
    return response


async def test_posts_are_those_of_the_list(test_app: TestApp) -> None:
    author = await test_app.person("author@example.com")
    await write_posts(test_app, author)
    path = "/api/v1/posts?page_size=100&sort_by=created_at&sort_order=asc"
    expected = (await get(test_app, path, author.headers)).json()["items"]
    assert from_csv((await get(test_app, CSV, author.headers)).text) == as_cells(expected)
    dataset = (await get(test_app, DATASET, author.headers)).json()
    assert dataset == {"items": expected, "total": len(TEXTS)}


async def test_users_are_those_of_the_list(test_app: TestApp) -> None:
    admin = await test_app.person("admin@example.com", Role.ADMIN)
    await test_app.person("+formula@example.com", Role.AUTHOR, Role.MODERATOR, verified=False)
    expected = (await get(test_app, "/api/v1/users", admin.headers)).json()
    assert from_csv((await get(test_app, "/api/v1/export/users.csv", admin.headers)).text) == as_cells(expected)


async def test_no_rows_are_a_document(test_app: TestApp) -> None:
    author = await test_app.person("author@example.com")
    assert (await get(test_app, CSV, author.headers)).text == NAMES
    assert (await get(test_app, DATASET, author.headers)).content == b'{"items":[],"total":0}\n'


async def test_the_format_is_that_of_the_path(test_app: TestApp) -> None:
    author = await fill(test_app, 3)
    response = await get(test_app, CSV, {**author.headers, "Accept": "application/json"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["content-disposition"] == 'attachment; filename="posts.csv"'
    assert "Accept-Encoding" in response.headers.get_list("vary")


async def test_a_large_export_is_whole(concurrent_app: TestApp) -> None:
    author = await fill(concurrent_app, MANY)
    assert (await get(concurrent_app, CSV, author.headers)).content.count(b"\n") == MANY + 1
    dataset = (await get(concurrent_app, DATASET, author.headers)).json()
    assert (len(dataset["items"]), dataset["total"]) == (MANY, MANY)
