"""Edits of posts in both versions: archived posts, empty patches, preconditions and unknown parameters."""

import pytest

from tests.support.app import TestApp

ADDRESS = "ada@example.com"


async def test_v1_does_not_change_the_archived_status(test_app: TestApp) -> None:
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


@pytest.mark.parametrize("name", ["title", "content", "status"])
async def test_an_absent_field_is_kept_and_null_is_rejected(test_app: TestApp, name: str) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        made = await client.post("/api/v2/posts", json={"title": "T", "content": "C"})
        url = made.headers["Location"]
        refused = await client.patch(url, json={name: None})
        assert refused.status_code == 422
        assert f"#/{name}" in {error["pointer"] for error in refused.json()["errors"]}
        kept = await client.patch(url, json={})
        assert kept.status_code == 200
        assert kept.json() == made.json(), "an empty patch changes no field"
        assert kept.headers["ETag"] == made.headers["ETag"]


async def test_preconditions(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        made = await client.post("/api/v2/posts", json={"title": "T", "content": "C"})
        url, tag = made.headers["Location"], made.headers["ETag"]
        for header, status in {tag: 304, f"W/{tag}": 304, "*": 304, f'"x", {tag}': 304, '"x"': 200}.items():
            for method in ("GET", "HEAD"):
                answer = await client.request(method, url, headers={"If-None-Match": header})
                assert (answer.status_code, answer.headers["ETag"]) == (status, tag), (method, header)
                assert status == 200 or not answer.content
        for header, status in {'"x"': 412, "": 412, f'"x", {tag}': 200, "*": 200}.items():
            answer = await client.patch(url, json={}, headers={"If-Match": header})
            assert answer.status_code == status, header
        assert (await client.delete(url, headers={"If-Match": "*"})).status_code == 204


async def test_only_v2_rejects_an_unknown_parameter(test_app: TestApp) -> None:
    """v1 has always ignored unknown parameters."""
    async with test_app.client() as client:
        assert (await client.get("/api/v1/posts?unheard=of")).status_code == 200
        refused = await client.get("/api/v2/posts?unheard=of")
        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_parameter")
