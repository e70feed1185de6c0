"""One journey of a client that uses v1 and v2."""

from tests.support.app import TestApp

ADDRESS = "ada@example.com"


async def test_what_one_version_writes_the_other_reads(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        old = (await client.post("/api/v1/posts", json={"title": "1", "content": "c", "published": True})).json()
        (seen,) = (await client.get("/api/v2/posts")).json()["data"]
        assert (seen["v1_id"], seen["title"], seen["status"]) == (old["id"], "1", "published")
        new = (await client.post("/api/v2/posts", json={"title": "2", "content": "c", "status": "draft"})).json()
        read = (await client.get(f"/api/v1/posts/{new['v1_id']}")).json()
        assert (read["title"], read["published"]) == ("2", False)
        await client.patch(f"/api/v2/posts/{new['id']}", json={"status": "archived"})
        await client.put(f"/api/v1/posts/{new['v1_id']}", json={"published": False, "title": "3"})
        kept = (await client.get(f"/api/v2/posts/{new['id']}")).json()
        assert (kept["status"], kept["title"]) == ("archived", "3")
