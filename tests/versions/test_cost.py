"""What a request costs in statements: the same for one item as for many, and as few as there should be."""

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.statements import statements

# Statements of one request with an API key: one finds the caller, the rest is the operation's own.
READS = {url: count for dialect in DIALECTS.values() for url, count in dialect.statements.items()}


async def use(client: httpx2.AsyncClient) -> None:
    """The first request with a key, and one in some minutes, also notes that the key was used."""
    assert (await client.get("/api/v2/me")).status_code == 200


async def counted(test_app: TestApp, headers: dict[str, str], path: str) -> int:
    async with test_app.client(headers) as client, statements(test_app) as seen:
        response = await client.get(path)
    assert response.status_code == 200, response.text
    return len(seen)


@pytest.mark.parametrize("path", READS)
async def test_a_read_costs_the_same_however_much_there_is(test_app: TestApp, path: str) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)

    async def grow(start: int, end: int) -> None:
        for number in range(start, end):
            person = await test_app.person(f"author{number}@example.com")
            async with test_app.client(person.headers) as client:
                body = {"title": f"T{number}", "content": "layers", "status": "published"}
                assert (await client.post("/api/v2/posts", json=body)).status_code == 201

    async with test_app.client(root.headers) as client:
        await use(client)
    await grow(0, 1)
    few = await counted(test_app, root.headers, path)
    await grow(1, 6)
    assert (few, await counted(test_app, root.headers, path)) == (READS[path], READS[path])


async def test_one_post_costs_two_statements(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    async with test_app.client(ada.headers) as client:
        post = {"title": "T", "content": "c", "status": "published"}
        made = (await client.post("/api/v2/posts", json=post)).json()
    for dialect in DIALECTS.values():
        url = dialect.post_url(made)
        assert await counted(test_app, ada.headers, url) == 2, "a view is counted as the post is read"


async def test_hot_reads_take_the_fast_path(test_app: TestApp) -> None:
    """They run as compiled text on the driver: no transaction is opened and no entity is built for them."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        await use(client)
        async with statements(test_app) as seen:
            for version in DIALECTS:
                await client.get(f"/api/{version}/posts")
            await client.get("/api/v2/me")
    assert seen
    assert all(text.startswith(("SELECT", "WITH")) for text in seen)


async def test_a_write_costs_what_it_must(test_app: TestApp) -> None:
    """The caller, and the post with its event; an edit first reads the post that it is about."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        await use(client)
        async with statements(test_app) as created:
            made = (await client.post("/api/v2/posts", json={"title": "T", "content": "c"})).json()
        async with statements(test_app) as edited:
            await client.patch(f"/api/v2/posts/{made['id']}", json={"title": "U"})
        async with statements(test_app) as removed:
            assert (await client.delete(f"/api/v2/posts/{made['id']}")).status_code == 204
    assert [len(created), len(edited), len(removed)] == [2, 3, 3], [created, edited, removed]
