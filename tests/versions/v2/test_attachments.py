"""Posts with attachments in v2."""

from typing import Any

import httpx2
import pytest

from tests.support.app import Person, TestApp
from tests.support.uploads import form

POSTS = "/api/v2/posts"


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


async def upload(client: httpx2.AsyncClient, name: str) -> dict[str, Any]:
    """A file as a post shows it."""
    response = await client.post("/api/v2/files", files=form(b"title\n", name))
    assert response.status_code == 201, response.text
    return {key: response.json()[key] for key in ("id", "name", "content_type", "size")}


async def test_a_post_is_created_and_edited_with_attachments(concurrent_app: TestApp, ada: Person) -> None:
    async with concurrent_app.client(ada.headers) as client:
        one, two = await upload(client, "one.csv"), await upload(client, "two.csv")
        draft = {"title": "T", "content": "", "status": "published", "attachments": [two["id"], one["id"]]}
        made = await client.post(POSTS, json=draft)
        assert made.status_code == 201, made.text
        assert made.json()["attachments"] == [two, one]
        url = made.headers["Location"]
        assert (await client.get(url)).json() == made.json()
        assert (await client.get(f"{POSTS}?limit=5")).json()["data"] == [made.json()]
        (hit,) = (await client.get("/api/v2/search/posts?q=T")).json()["data"]
        assert hit["post"] == made.json()
        assert (await client.get(url, params={"fields": "attachments"})).json() == {"attachments": [two, one]}
        tag = made.headers["ETag"]
        for patch, shown in (({"attachments": [one["id"]]}, [one]), ({"title": "U"}, [one]), ({"attachments": []}, [])):
            changed = await client.patch(url, json=patch, headers={"If-Match": tag})
            assert (changed.status_code, changed.json()["attachments"]) == (200, shown), changed.text
            assert (await client.get(url)).json() == changed.json()
            assert changed.headers["ETag"] != tag
            tag = changed.headers["ETag"]
        same = await client.patch(url, json={"attachments": []})
        assert same.headers["ETag"] == tag
