"""An idempotency key belongs to one caller, method and path: another request under it is executed, not replayed."""

from typing import Any

import httpx2

from tests.support.app import TestApp

KEY = {"Idempotency-Key": '"one"'}
REPLAYED = "Idempotent-Replayed"
DRAFT = {"title": "T", "content": "c"}


async def create(client: httpx2.AsyncClient, **options: Any) -> str:
    response = await client.post("/api/v2/posts", json=DRAFT, **options)
    assert response.status_code == 201, response.text
    identifier: str = response.json()["id"]
    return identifier


async def test_another_method(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        url = f"/api/v2/posts/{await create(client)}"
        edited = await client.patch(url, json={"title": "New"}, headers=KEY)
        deleted = await client.delete(url, headers=KEY)
        missing = await client.get(url)
    assert (edited.status_code, deleted.status_code, missing.status_code) == (200, 204, 404)
    assert REPLAYED not in deleted.headers


async def test_another_path(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        first, second = await create(client), await create(client)
        for identifier in (first, second):
            response = await client.patch(f"/api/v2/posts/{identifier}", json={"title": "New"}, headers=KEY)
            assert response.json()["id"] == identifier
            assert REPLAYED not in response.headers


async def test_another_caller(test_app: TestApp) -> None:
    ada, bob = await test_app.person("ada@example.com"), await test_app.person("bob@example.com")
    async with test_app.client() as client:
        created = [await create(client, headers=KEY | user.headers) for user in (ada, bob, ada)]
    assert created[0] == created[2] != created[1], "the last one is a replay"


async def test_another_address_of_an_anonymous_caller(test_app: TestApp) -> None:
    """Two strangers under one key are two requests: only one of them would be counted otherwise."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        created = await client.post("/api/v2/posts", json=DRAFT | {"status": "published"})
        url = f"/api/v2/posts/{created.json()['id']}"
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        transport = httpx2.ASGITransport(app=test_app.app, client=(host, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as stranger:
            assert (await stranger.post(f"{url}/views", headers=KEY)).status_code == 204
    async with test_app.client() as client:
        assert (await client.get(url)).json()["view_count"] == 2
