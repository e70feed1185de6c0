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


async def test_every_response_announces_the_end_of_v1(test_app: TestApp) -> None:
    """Written by hand: a date that was announced never becomes an earlier one."""
    links = (
        '</docs/migrate/v1-to-v2>; rel="deprecation"; type="text/html", '
        '</policies/versions>; rel="sunset"; type="text/html", '
        '</api/v2>; rel="successor-version"'
    )
    async with test_app.client() as client:
        for path, status in (("/posts", 200), ("/users/me", 401), ("/nowhere", 404), ("/posts?page=x", 422)):
            response = await client.get(f"/api/v1{path}")
            assert response.status_code == status
            assert response.headers["API-Version"] == "v1"
            assert response.headers["Deprecation"] == "@1780272000"
            assert response.headers["Sunset"] == "Fri, 31 Dec 2027 23:59:59 GMT"
            assert links in response.headers["Link"]


async def test_invalid_values_are_listed(test_app: TestApp) -> None:
    ada = await test_app.person("http@strata.test")
    async with test_app.client(ada.headers) as client:
        rejected = await client.post("/api/v1/posts", json={"title": "", "published": 1})
    assert rejected.status_code == 422
    assert [(issue["type"], issue["loc"]) for issue in rejected.json()["detail"]] == [
        ("string_too_short", ["body", "title"]),
        ("missing", ["body", "content"]),
        ("bool_type", ["body", "published"]),
    ]
    assert all(issue.keys() == {"type", "loc", "msg"} for issue in rejected.json()["detail"])
