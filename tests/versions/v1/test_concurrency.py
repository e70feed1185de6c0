"""A read in v1 counts a view: real transactions over a database of their own."""

import asyncio

from tests.support.app import TestApp


async def test_every_view_counts(concurrent_app: TestApp) -> None:
    """Views are also counted by an operation of the successor."""
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.client(ada.headers) as client:
        body = {"title": "T", "content": "", "published": True}
        number = (await client.post("/api/v1/posts", json=body)).json()["id"]
        reads = await asyncio.gather(*(client.get(f"/api/v1/posts/{number}") for _ in range(10)))
        assert {response.status_code for response in reads} == {200}
        counts = {response.json()["view_count"] for response in reads}
    assert counts == set(range(1, 11)), "each response has the count that its own view led to"
