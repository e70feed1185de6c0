"""What a batch read of v1 costs in statements."""

from tests.support.app import TestApp
from tests.support.statements import statements


async def test_a_batch_read_is_one_statement(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        ids = [(await client.post("/api/v1/posts", json={"title": "T", "content": ""})).json()["id"] for _ in range(5)]
        async with statements(test_app) as seen:
            assert len((await client.post("/api/v1/posts/batch", json={"ids": ids})).json()) == 5
    assert len(seen) == 2, seen
