"""The header fields of exports of v2, and what proxies and clients do with their bodies."""

import pytest

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.exports import fill

POSTS = "/api/v2/exports/posts"


@pytest.mark.parametrize(("form", "status"), [("json", 400), ("csv", 400), ("ndjson", 200)])
async def test_only_lines_of_json_have_a_trailer(test_app: TestApp, form: str, status: int) -> None:
    author = await fill(test_app, 1)
    async with test_app.client(author.headers) as client:
        response = await client.get(POSTS, params={"format": form, "trailer": "true"})
    assert response.status_code == status, response.text
    if status == 400:
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/query/trailer", "trailer_not_supported")


async def test_a_proxy_sends_each_part_at_once(test_app: TestApp) -> None:
    author = await fill(test_app, 1)
    async with test_app.client(author.headers) as client:
        response = await client.get(POSTS)
    assert response.headers["X-Accel-Buffering"] == "no"


async def test_the_name_of_a_file_is_that_of_its_rows(test_app: TestApp) -> None:
    admin = await test_app.person("admin@example.com", Role.ADMIN)
    async with test_app.client(admin.headers) as client:
        response = await client.get("/api/v2/exports/users?format=ndjson")
    assert response.headers["Content-Disposition"] == 'attachment; filename="users.ndjson"'
