"""Which words and phrases a search finds, at every entry point, and that it reads an index."""

from typing import Final, cast

import httpx2
import pytest

from app.kit.db.statements import Read
from app.posts import statements
from app.posts.commands import Sort, SortField
from tests.support.app import TestApp
from tests.support.rollback_database import RollbackDatabase

ENTRIES: Final = {
    "/api/v1/posts": "search",
    "/api/v1/search": "query",
    "/api/v2/posts": "q",
    "/api/v2/search/posts": "q",
}
MANY: Final = """
    INSERT INTO posts (uid, author_id, title, content, status, published_at)
    SELECT gen_random_uuid(), $1, 'T' || n, repeat('layers of rock ', 20), 'published', now()
    FROM generate_series(1, 2000) AS n
"""


async def titles(client: httpx2.AsyncClient, path: str, query: str) -> list[str]:
    response = await client.get(path, params={ENTRIES[path]: query})
    assert response.status_code == 200, response.text
    body = response.json()
    items = body if isinstance(body, list) else body.get("items", body.get("data"))
    return sorted(item.get("post", item)["title"] for item in items)


async def write(client: httpx2.AsyncClient, title: str, content: str) -> None:
    body = {"title": title, "content": content, "status": "published"}
    assert (await client.post("/api/v2/posts", json=body)).status_code == 201


@pytest.mark.parametrize("path", ENTRIES)
async def test_stop_words_match(test_app: TestApp, path: str) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        await write(client, "same", "body same")
        await write(client, "The layers", "it will be just now, as they can be")
        await write(client, "Basalt", "columns")
        for word in ("the", "it", "will", "can", "now", "just"):
            assert await titles(client, path, word) == ["The layers"], word
        assert await titles(client, path, "same") == ["same"]
        assert await titles(client, path, "layers the") == ["The layers"]
        assert await titles(client, path, "the columns") == []
        assert await titles(client, path, "columns or same") == ["Basalt", "same"]
        assert await titles(client, path, '"it will be"') == ["The layers"]
        assert await titles(client, path, '"will it be"') == []


@pytest.mark.parametrize("path", ENTRIES)
async def test_a_phrase_is_in_the_title_or_in_the_content(test_app: TestApp, path: str) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        await write(client, "red granite", "basalt columns")
        assert await titles(client, path, '"red granite"') == ["red granite"]
        assert await titles(client, path, '"basalt columns"') == ["red granite"]
        assert await titles(client, path, "granite basalt") == ["red granite"]
        assert await titles(client, path, '"granite basalt"') == []


async def test_stop_words_are_highlighted_and_do_not_count_for_the_rank(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        await write(client, "Basalt", "the sea")
        await write(client, "The the the", "the basalt")
        hits = (await client.get("/api/v2/search/posts?q=the basalt")).json()["data"]
        ranks = {hit["post"]["title"]: hit["rank"] for hit in hits}
        plain = (await client.get("/api/v2/search/posts?q=basalt")).json()["data"]
    assert [hit["post"]["title"] for hit in hits] == ["Basalt", "The the the"]
    assert ranks == {hit["post"]["title"]: hit["rank"] for hit in plain}
    assert hits[0]["highlights"]["content"] == "<mark>the</mark> sea"


@pytest.mark.parametrize(
    "read",
    [
        statements.count("anyone", frozenset({"query"})),
        statements.offset_page("anyone", frozenset({"query"}), Sort(SortField.CREATED_AT, descending=True)),
        statements.keyset_page(
            "anyone", frozenset({"query"}), (Sort(SortField.CREATED_AT, descending=True),), after=False
        ),
        statements.search_page("anyone", after=False),
    ],
    ids=["count", "offset", "keyset", "search"],
)
async def test_a_search_reads_the_index(test_app: TestApp, read: Read) -> None:
    ada = await test_app.person("ada@example.com")
    driver = cast("RollbackDatabase", test_app.runtime.database).driver
    await driver.execute(MANY, ada.user.id)
    await driver.execute("ANALYZE posts")
    arguments = read.arguments({"query": "basalt", "limit": 20, "offset": 0})
    plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {read.sql}", *arguments))
    assert "Bitmap Index Scan on ix_posts_words" in plan, plan
