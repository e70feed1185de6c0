"""Posts of v1: archived posts, filters, sorts, search and unknown parameters."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.support.app import Person, TestApp

ADDRESS = "ada@example.com"


async def test_a_write_does_not_change_the_archived_status(test_app: TestApp) -> None:
    """v1 shows an archived post as unpublished: writing that back keeps it archived; publishing keeps its date."""
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        made = (await client.post("/api/v2/posts", json={"title": "T", "content": "", "status": "published"})).json()
        new, old = f"/api/v2/posts/{made['id']}", f"/api/v1/posts/{made['v1_id']}"
        await client.patch(new, json={"status": "archived"})
        assert (await client.get(old)).json()["published"] is False
        assert (await client.put(old, json={"published": False})).json()["published"] is False
        assert (await client.get(new)).json()["status"] == "archived"
        assert (await client.put(old, json={"published": True})).json()["published"] is True
        again = (await client.get(new)).json()
        assert (again["status"], again["published_at"]) == ("published", made["published_at"])
        assert (await client.put(old, json={"published": False})).json()["published"] is False
        withdrawn = (await client.get(new)).json()
        assert (withdrawn["status"], withdrawn["published_at"]) == ("draft", made["published_at"])


async def write(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/v2/posts", json={"title": "T", "content": "c", "status": "published"} | fields)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


async def library(test_app: TestApp) -> tuple[Person, Person]:
    """Six posts of Ada, of which two are not published, and one of Bob."""
    ada, bob = await test_app.person("ada@example.com"), await test_app.person("bob@example.com")
    async with test_app.client(ada.headers) as client:
        for number, status in enumerate(("published", "draft", "archived", "published", "published", "published")):
            body = {"title": f"T{number % 4}", "content": "layers of rock" if number % 2 else "sand", "status": status}
            made = await write(client, **{**body, "status": "draft" if status == "archived" else status})
            if status == "archived":
                await client.patch(f"/api/v2/posts/{made['id']}", json={"status": "archived"})
    async with test_app.client(bob.headers) as client:
        await write(client, title="T9", content="layers of paint")
    async with test_app.runtime.database.write() as session:
        await session.execute(text("UPDATE posts SET view_count = id % 3"))
    return ada, bob


async def test_filters_combine_and_totals_match(test_app: TestApp) -> None:
    ada, bob = await library(test_app)
    async with test_app.client(ada.headers) as client:
        for published in (None, True, False):
            for search in (None, "layers"):
                for author in (None, ada.user.id, bob.user.id):
                    wanted = {"published": published, "search": search, "author_id": author}
                    params = {name: value for name, value in wanted.items() if value is not None}
                    whole = (await client.get("/api/v1/posts", params={**params, "page_size": 100})).json()
                    expected = _expected(ada.user.id, bob.user.id, published, search, author)
                    assert sorted(item["title"] for item in whole["items"]) == sorted(expected), params
                    assert whole["total"] == len(expected)
                    pages = []
                    for page in range(1, 5):
                        part = (
                            await client.get("/api/v1/posts", params={**params, "page_size": 2, "page": page})
                        ).json()
                        assert (part["total"], part["total_pages"]) == (len(expected), -(-len(expected) // 2))
                        pages += part["items"]
                    assert pages == whole["items"], "the pages together are the listing"


def _expected(ada: int, bob: int, published: bool | None, search: str | None, author: int | None) -> list[str]:  # noqa: FBT001 - a filter's value
    everything = [
        ("T0", True, "sand", ada),
        ("T1", False, "layers", ada),
        ("T2", False, "sand", ada),
        ("T3", True, "layers", ada),
        ("T0", True, "sand", ada),
        ("T1", True, "layers", ada),
        ("T9", True, "layers", bob),
    ]
    return [
        title
        for title, is_published, word, owner in everything
        if published in {None, is_published} and search in {None, word} and author in {None, owner}
    ]


@pytest.mark.parametrize("sort_by", ["created_at", "updated_at", "title", "view_count"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_sorts(test_app: TestApp, sort_by: str, order: str) -> None:
    ada, _ = await library(test_app)
    async with test_app.client(ada.headers) as client:
        params = {"sort_by": sort_by, "sort_order": order, "search": "layers", "published": "true"}
        items = (await client.get("/api/v1/posts", params=params)).json()["items"]
    values = [item[sort_by] for item in items]
    assert len(values) == 3
    assert values == sorted(values, reverse=order == "desc")


async def test_a_search_is_ordered_by_rank(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        await write(client, title="Other", content="one word of basalt in a long text about the sea and the wind")
        await write(client, title="Basalt", content="basalt basalt columns <script>basalt</script> here")
        await write(client, title="Third", content="granite columns of old")
        found = (await client.get("/api/v1/search?query=basalt")).json()
    assert [post["title"] for post in found] == ["Basalt", "Other"]


async def test_an_unknown_parameter_is_ignored(test_app: TestApp) -> None:
    async with test_app.client() as client:
        assert (await client.get("/api/v1/posts?unheard=of")).status_code == 200
