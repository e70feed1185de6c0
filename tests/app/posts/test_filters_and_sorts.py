"""Listing, searching and paging posts in both versions."""

import base64
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.support.app import Person, TestApp
from tests.support.pages import MOST_PAGES

TITLE = "Basalt & 1 < 2 <script>alert()</script>"


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


async def test_v1_filters_combine_and_totals_match(test_app: TestApp) -> None:
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
async def test_v1_sorts(test_app: TestApp, sort_by: str, order: str) -> None:
    ada, _ = await library(test_app)
    async with test_app.client(ada.headers) as client:
        params = {"sort_by": sort_by, "sort_order": order, "search": "layers", "published": "true"}
        items = (await client.get("/api/v1/posts", params=params)).json()["items"]
    values = [item[sort_by] for item in items]
    assert len(values) == 3
    assert values == sorted(values, reverse=order == "desc")


async def test_pages_are_complete_during_concurrent_writes(test_app: TestApp) -> None:
    """Every post of the start appears exactly once, although posts are added between the pages."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        for sort in ("-created_at", "title,-created_at", "-view_count,title", "-updated_at"):
            before = {post["id"] for post in (await client.get("/api/v2/posts?limit=100")).json()["data"]}
            before |= {(await write(client, title=f"T{number % 2}"))["id"] for number in range(5)}
            seen: list[str] = []
            params = {"sort": sort, "limit": "2"}
            for _ in range(MOST_PAGES):
                page = (await client.get("/api/v2/posts", params=params)).json()
                seen += [post["id"] for post in page["data"]]
                if not page["has_more"]:
                    break
                params["cursor"] = page["next_cursor"]
                if len(seen) < 8:
                    await write(client, title="T0")
            else:
                pytest.fail(f"{sort}: no last page after {MOST_PAGES}")
            assert len(seen) == len(set(seen)), sort
            assert before <= set(seen), sort


async def test_a_cursor_is_valid_for_its_listing_only(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        for _ in range(3):
            await write(client)
        cursor = (await client.get("/api/v2/posts?limit=1")).json()["next_cursor"]
        for params in ({"sort": "title"}, {"q": "c"}, {"status": "published"}):
            other = await client.get("/api/v2/posts", params=params | {"cursor": cursor})
            assert (other.status_code, other.json()["code"]) == (400, "cursor_mismatch"), params
        raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        for place in range(len(raw)):
            changed = raw.copy()
            changed[place] ^= 1
            forged = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
            refused = await client.get("/api/v2/posts", params={"cursor": forged})
            assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor"), place


async def test_search_ranks_supports_web_syntax_and_escapes_html(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        await write(client, title="Other", content="one word of basalt in a long text about the sea and the wind")
        await write(client, title=TITLE, content="basalt basalt columns <script>basalt</script> here")
        await write(client, title="Third", content="granite columns of old")
        hits = (await client.get("/api/v2/search/posts?q=basalt")).json()["data"]
        assert [hit["post"]["title"] for hit in hits] == [TITLE, "Other"]
        assert hits[0]["rank"] > hits[1]["rank"]
        old = (await client.get("/api/v1/search?query=basalt")).json()
        assert [post["title"] for post in old] == [TITLE, "Other"]
        shown = "".join(hits[0]["highlights"].values())
        assert "<mark>Basalt</mark> &amp; 1 &lt; 2" in shown
        assert "<" not in shown.replace("<mark>", "").replace("</mark>", "")
        for query, titles in {
            '"granite columns"': ["Third"],
            '"columns granite"': [],
            "columns -granite": [TITLE],
            "sea or granite": ["Other", "Third"],
        }.items():
            found = (await client.get("/api/v2/search/posts", params={"q": query})).json()["data"]
            assert sorted(hit["post"]["title"] for hit in found) == titles, query
