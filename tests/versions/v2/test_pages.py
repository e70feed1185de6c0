"""Links between pages of every list of v2, and the challenge of a 401."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app.access.principal import Role
from tests.support.app import PASSWORD, TestApp

LISTS = {
    "/api/v2/posts?status=published&sort=title,-created_at&fields=id,title": 5,
    "/api/v2/search/posts?q=layers": 5,
    "/api/v2/users?": 3,
    "/api/v2/auth/sessions?": 4,
}
"""The number of items of each list."""


@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_the_next_page_keeps_the_parameters(test_app: TestApp, url: str, limit: int) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN, Role.AUTHOR)
    for name in ("ada", "eve"):
        await test_app.person(f"{name}@example.com")
    tokens = [await test_app.session(root) for _ in range(4)]
    async with test_app.client(tokens[0]) as client:
        for number in range(5):
            body = {"title": f"layers {number}", "content": "C", "status": "published"}
            assert (await client.post("/api/v2/posts", json=body)).status_code == 201
        following, found = f"{url}&limit={limit}".replace("?&", "?"), 0
        given = parse_qs(urlsplit(following).query)
        while following:
            page = await client.get(following)
            body = page.json()
            found += len(body["data"])
            assert body["has_more"] is (body["next_cursor"] is not None) is (found < LISTS[url])
            if not body["has_more"]:
                assert "Link" not in page.headers
                break
            assert len(body["data"]) == limit
            target, _, relation = page.headers["Link"].partition(">; ")
            assert relation == 'rel="next"'
            following = target.removeprefix("<")
            assert parse_qs(urlsplit(following).query) == given | {"cursor": [body["next_cursor"]]}
            assert urlsplit(following).path == urlsplit(url).path
    assert found == LISTS[url]


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, "Bearer"),
        ({"X-API-Key": "junk"}, 'Bearer error="invalid_token"'),
        ({"Authorization": "Bearer junk"}, 'Bearer error="invalid_token"'),
    ],
)
async def test_the_challenge_of_a_401(test_app: TestApp, headers: dict[str, str], challenge: str) -> None:
    async with test_app.client(headers) as client:
        rejected = await client.get("/api/v2/me")
        assert (rejected.status_code, rejected.headers["WWW-Authenticate"]) == (401, challenge)
        form = {"grant_type": "password", "username": "ada@example.com", "password": "wrong"}
        wrong = await client.post("/api/v2/auth/token", data=form)
        assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Bearer"), "the key is not looked at"
        missing = await client.get("/api/v2/nowhere")
        assert (missing.status_code, missing.headers.get("WWW-Authenticate")) == (404, None)


async def test_a_403_names_the_missing_scope(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        body = {"current_password": PASSWORD, "password": "another password"}
        denied = await client.put("/api/v2/me/password", json=body)
    assert denied.status_code == 403
    assert denied.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="credentials:write"'
