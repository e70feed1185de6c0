"""The own evidence of a user over HTTP."""

from typing import Any

from app.access.principal import Role
from app.usage.service import UsageService
from tests.support.app import TestApp
from tests.support.evidence import write_evidence
from versions.kit.typeid import encode

URL = "/api/v2/usage/elements"


async def shown(test_app: TestApp, headers: dict[str, str], **query: Any) -> Any:
    async with test_app.client(headers) as client:
        response = await client.get(URL, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_user_sees_what_is_deprecated_and_what_the_successor_lacks(test_app: TestApp) -> None:
    ada, eve = [await test_app.person(f"{name}@example.com", Role.AUTHOR) for name in ("ada", "eve")]
    session = await test_app.session(ada)
    async with test_app.client(ada.headers) as client:
        await client.get("/api/v1/posts", params={"page": 1, "search": "secret"}, headers={"API-Reads": "title"})
        assert (await client.post("/api/v1/posts", json={"title": "T", "content": "c", "published": True})).is_success
        await client.get("/api/v2/posts", params={"q": "secret"})
    async with test_app.client(session) as client:
        await client.get("/api/v2/posts", params={"limit": 7})
    async with test_app.client(eve.headers) as client:
        await client.get("/api/v2/me")
    await write_evidence(test_app.runtime)
    found = await shown(test_app, session)
    rows = {(row["api_version"], row["operation"]): row for row in found["data"]}
    assert list(rows) == [("v1", "GET /posts"), ("v1", "POST /posts"), ("v2", "GET /posts")], "not those of others"
    old, new = rows["v1", "GET /posts"], rows["v2", "GET /posts"]
    assert (old["deprecated"], old["successor_version"], old["successor"]) == (True, "v2", "GET /posts")
    missing = {used["element"]: used["missing_in_successor"] for used in old["elements"]}
    assert missing == {
        "query:page": True,
        "query:search": True,
        "reads:/items/*/title": True,
        "header:api-reads": False,
    }
    body = {used["element"]: used for used in rows["v1", "POST /posts"]["elements"]}
    assert (body["body:/title"]["missing_in_successor"], body["body:/published"]["missing_in_successor"]) == (
        False,
        True,
    )
    assert (body["body:/title"]["present"], body["body:/title"]["possible"]) == (1, 1)
    assert (new["requests"], new["observed"], new["successor_version"], new["successor"]) == (2, 2, None, None)
    assert {used["element"] for used in new["elements"]} == {"query:q", "query:limit"}, "of all keys and sessions"
    assert "secret" not in str(found)


async def test_pages_filters_and_days(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    async with test_app.client(ada.headers) as client:
        for path in ("posts", "me", "rate-limit"):
            await client.get(f"/api/v2/{path}")
    await write_evidence(test_app.runtime)
    first = await shown(test_app, ada.headers, limit=2)
    second = await shown(test_app, ada.headers, limit=2, cursor=first["next_cursor"])
    assert [row["operation"] for row in (*first["data"], *second["data"])] == [
        "GET /me",
        "GET /posts",
        "GET /rate-limit",
    ]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert len((await shown(test_app, ada.headers, api_key_id=encode("key", ada.key_uid)))["data"]) == 3
    eve = await test_app.person("eve@example.com", Role.AUTHOR)
    assert (await shown(test_app, eve.headers, api_key_id=encode("key", ada.key_uid)))["data"] == []
    assert (await shown(test_app, ada.headers, until="2020-01-01", since="2019-01-01"))["data"] == []
    async with test_app.runtime.database.write() as transaction:
        assert await UsageService(transaction).purge() == 0
