"""Listing, searching and paging posts."""

import base64
from typing import Any

import httpx2
import pytest

from tests.support.app import TestApp
from tests.support.pages import MOST_PAGES

TITLE = "Basalt & 1 < 2 <script>alert()</script>"


async def write(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/v2/posts", json={"title": "T", "content": "c", "status": "published"} | fields)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


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
