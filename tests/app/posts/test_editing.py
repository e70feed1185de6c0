"""Edits of posts: empty patches, preconditions and unknown parameters."""

import pytest

from tests.support.app import TestApp

ADDRESS = "ada@example.com"


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


async def test_an_unknown_parameter_is_rejected(test_app: TestApp) -> None:
    async with test_app.client() as client:
        refused = await client.get("/api/v2/posts?unheard=of")
        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_parameter")
