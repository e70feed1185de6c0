"""Which words and phrases a search finds, at every entry point, and that it reads an index."""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

import httpx2
import pytest

from app.posts import statements
from app.posts.commands import Sort, SortField
from app.posts.statements import FEW, RANKED
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.rollback_database import RollbackDatabase

ENTRIES: Final = {path: name for dialect in DIALECTS.values() for path, name in dialect.searches.items()}
MANY: Final = """
    INSERT INTO posts (uid, author_id, title, content, status, published_at)
    SELECT gen_random_uuid(), $1, 'T' || n, $2, 'published', now() FROM generate_series(1, $3::integer) AS n
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


NEWEST: Final = Sort(SortField.CREATED_AT, descending=True)
SEARCHED: Final = frozenset({"query"})
READS: Final = {
    "count": statements.count("anyone", SEARCHED),
    "offset": statements.offset_page("anyone", SEARCHED, NEWEST),
    "keyset": statements.keyset_page("anyone", SEARCHED, (NEWEST,), after=False),
    "search": statements.search_page("anyone", after=False),
}
LIMIT: Final = 20


async def explained(test_app: TestApp, name: str, query: str, posts: int, content: str) -> dict[str, Any]:
    """The executed plan of a read in a table with this many posts."""
    ada = await test_app.person("ada@example.com")
    driver = cast("RollbackDatabase", test_app.runtime.database).driver
    await driver.execute("RESET ROLE")
    await driver.execute(MANY, ada.user.id, content, posts)
    # Rows that other tests have rolled back make the index expensive until its pending list is merged.
    await driver.execute("SELECT gin_clean_pending_list('ix_posts_stored_words')")
    await driver.execute("ANALYZE posts")
    read = READS[name]
    arguments = read.arguments({"query": query, "limit": LIMIT, "offset": 0})
    found = await driver.fetchval(f"EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {read.sql}", *arguments)
    plan: dict[str, Any] = json.loads(found)[0]["Plan"] if isinstance(found, str) else found[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def posts_read(plan: dict[str, Any]) -> int:
    """The rows of posts that were read from the table, those included that did not match."""
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        int((node["Actual Rows"] + sum(node.get(name, 0) for name in removed)) * node["Actual Loops"])
        for node in nodes(plan)
        if node.get("Relation Name") == "posts"
    )


@pytest.mark.parametrize("name", READS)
async def test_a_rare_word_is_read_through_the_index(test_app: TestApp, name: str) -> None:
    plan = await explained(test_app, name, "basalt", 2000, "layers of rock " * 20)
    assert "ix_posts_stored_words" in {node.get("Index Name") for node in nodes(plan)}
    assert posts_read(plan) == 0


@pytest.mark.parametrize("name", READS)
async def test_a_phrase_is_checked_without_parsing_posts(test_app: TestApp, name: str) -> None:
    """In posts that contain each word of the phrase, but never in this order."""
    plan = await explained(test_app, name, '"the of the"', 2000, "the layers of rock " * 20)
    conditions = [str(node.get(kind, "")) for node in nodes(plan) for kind in ("Filter", "Recheck Cond", "Index Cond")]
    assert any("words @@ " in condition for condition in conditions), conditions
    assert not any("to_tsvector" in condition or "post_words" in condition for condition in conditions), conditions


@pytest.mark.parametrize("query", ["the", '"layers of the"', "rock the -basalt"])
@pytest.mark.parametrize(
    ("name", "most"), [("offset", FEW + 1 + 2 * LIMIT), ("keyset", FEW + 1 + LIMIT), ("search", RANKED + LIMIT)]
)
async def test_a_page_of_common_matches_reads_a_bounded_number_of_posts(
    test_app: TestApp, name: str, most: int, query: str
) -> None:
    plan = await explained(test_app, name, query, RANKED + 5000, "rock in layers of the sea")
    assert 0 < posts_read(plan) <= most


async def test_a_search_ranks_the_newest_matches(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    driver = cast("RollbackDatabase", test_app.runtime.database).driver
    async with test_app.client(ada.headers) as client:
        await write(client, "basalt basalt basalt", "basalt")
        await driver.execute(MANY, ada.user.id, "columns of basalt", RANKED - 1)
        found = (await client.get("/api/v2/search/posts?q=basalt&limit=1")).json()["data"]
        assert found[0]["post"]["title"] == "basalt basalt basalt"
        await driver.execute(MANY, ada.user.id, "columns of basalt", 1)
        found = (await client.get("/api/v2/search/posts?q=basalt&limit=1")).json()["data"]
        assert found[0]["post"]["title"] != "basalt basalt basalt"
        assert len(await titles(client, "/api/v2/posts", '"basalt basalt basalt"')) == 1, "a listing finds every match"
