"""What v1 does with parameters and with HEAD."""

from tests.support.app import TestApp


async def test_v1_takes_the_last_value_of_a_repeated_parameter(test_app: TestApp) -> None:
    async with test_app.client() as client:
        found = await client.get("/api/v1/posts?page=1&page=2")
        assert (found.status_code, found.json()["page"]) == (200, 2)


async def test_head_counts_no_view(test_app: TestApp) -> None:
    ada = await test_app.person("http@strata.test")
    async with test_app.client(ada.headers) as client:
        post = (await client.post("/api/v1/posts", json={"title": "T", "content": "C", "published": True})).json()
        url = f"/api/v1/posts/{post['id']}"
        for _ in range(3):
            assert (await client.head(url)).status_code == 200
        assert (await client.get(url)).json()["view_count"] == 1
