"""Parameters of v1 at their bounds, the filters of its lists, and what a sign-in and a rejection contain."""

from typing import Any

import pytest
from sqlalchemy import select

from app.access.principal import Role
from app.models import Session
from tests.support.app import PASSWORD, Person, TestApp


async def posts_of(test_app: TestApp, person: Person, *published: str) -> None:
    async with test_app.client(person.headers) as client:
        for number, each in enumerate(published):
            body = {"title": f"layers {person.user.id} {number}", "content": "", "published": each == "published"}
            assert (await client.post("/api/v1/posts", json=body)).status_code == 201


async def test_the_filters_of_the_list_of_posts(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    await posts_of(test_app, ada, "published", "draft", "published")
    await posts_of(test_app, eve, "published")
    mine, hers = ada.user.id, eve.user.id
    async with test_app.client(ada.headers) as client:
        for parameters, titles in (
            ({}, [f"layers {hers} 0", f"layers {mine} 2", f"layers {mine} 1", f"layers {mine} 0"]),
            ({"author_id": mine}, [f"layers {mine} 2", f"layers {mine} 1", f"layers {mine} 0"]),
            ({"author_id": hers}, [f"layers {hers} 0"]),
            ({"author_id": mine, "published": "true"}, [f"layers {mine} 2", f"layers {mine} 0"]),
            ({"published": "false"}, [f"layers {mine} 1"]),
            ({"search": f'"layers {hers}"'}, [f"layers {hers} 0"]),
            ({"page": 2, "page_size": 3}, [f"layers {mine} 0"]),
            ({"page": 2, "page_size": 1, "sort_order": "asc"}, [f"layers {mine} 1"]),
        ):
            found = (await client.get("/api/v1/posts", params=parameters)).json()
            assert [each["title"] for each in found["items"]] == titles, parameters
        of_author = (await client.get(f"/api/v1/users/{mine}/posts", params={"limit": 1, "skip": 1})).json()
        assert [each["title"] for each in of_author] == [f"layers {mine} 1"]
        for limit in (1, 2, 4, 5):
            hits = (await client.get("/api/v1/search", params={"query": "layers", "limit": limit})).json()
            assert len(hits) == min(limit, 4)


BOUNDS: list[tuple[str, str, int, int]] = [
    ("/users", "limit", 0, 422),
    ("/users", "limit", 1, 200),
    ("/users", "limit", 1000, 200),
    ("/users", "limit", 1001, 400),
    ("/users", "skip", -1, 422),
    ("/users", "skip", 0, 200),
    ("/users/paginated", "limit", 1000, 200),
    ("/users/paginated", "limit", 1001, 400),
    ("/users/1/posts", "limit", 1001, 400),
    ("/posts", "page", 0, 422),
    ("/posts", "page", 1_000_000_000, 200),
    ("/posts", "page", 1_000_000_001, 422),
    ("/posts", "page_size", 0, 422),
    ("/posts", "page_size", 100, 200),
    ("/posts", "page_size", 101, 422),
    ("/posts", "author_id", 0, 422),
    ("/posts", "author_id", 2**53 - 1, 200),
    ("/posts", "author_id", 2**53, 422),
    ("/search?query=a", "limit", 0, 422),
    ("/search?query=a", "limit", 100, 200),
    ("/search?query=a", "limit", 101, 422),
]


async def test_the_bounds_of_parameters(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(root.headers) as client:
        for path, name, value, status in BOUNDS:
            url = f"/api/v1{path}{'&' if '?' in path else '?'}{name}={value}"
            assert (await client.get(url)).status_code == status, url


async def test_a_page_of_users_skips_and_counts(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    for name in ("ada", "eve"):
        await test_app.person(f"{name}@example.com")
    async with test_app.client(root.headers) as client:
        page: dict[str, Any] = (await client.get("/api/v1/users/paginated?skip=1&limit=1")).json()
        listed = (await client.get("/api/v1/users?skip=2&limit=5")).json()
    assert [each["email"] for each in page.pop("items")] == ["ada@example.com"]
    assert page == {"total": 3, "skip": 1, "limit": 1}
    assert [each["email"] for each in listed] == ["eve@example.com"]


async def test_a_session_has_the_user_agent_of_its_sign_in(test_app: TestApp) -> None:
    await test_app.person("ada@example.com")
    async with test_app.client({"User-Agent": "Browser/1"}) as client:
        form = {"username": "ada@example.com", "password": PASSWORD}
        assert (await client.post("/api/v1/auth/login", data=form)).status_code == 200
    async with test_app.runtime.database.write() as session:
        assert await session.scalar(select(Session.user_agent)) == "Browser/1"


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
        rejected = await client.get("/api/v1/users/me")
        assert (rejected.status_code, rejected.headers["WWW-Authenticate"]) == (401, challenge)
        form = {"username": "ada@example.com", "password": "wrong"}
        wrong = await client.post("/api/v1/auth/login", data=form)
        assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Bearer"), "the key is not looked at"


async def test_missing_posts_of_a_batch_are_recorded(test_app: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    async with test_app.client() as client:
        missing = await client.post("/api/v1/posts/batch", json={"ids": [7, 8]})
    assert missing.status_code == 400
    assert missing.json() == {
        "error": "Multiple validation errors",
        "details": ["Post 7 not found", "Post 8 not found"],
    }
    assert '"problem":"batch_failed"' in capsys.readouterr().out.replace('": "', '":"')
