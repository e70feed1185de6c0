"""One ``Idempotency-Key`` in requests that differ in caller, method or path: each of them runs."""

from typing import Any

import httpx2
from prometheus_client import generate_latest

from app.access.principal import Role
from tests.support.app import TestApp
from versions.kit.typeid import encode

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
POST = {"title": "T", "content": "C"}


async def test_the_scope_of_a_key_is_caller_method_and_path(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    eve = await test_app.person("eve@example.com")
    ran: list[Any] = []
    async with test_app.client(ada.headers | KEY) as client, test_app.client(eve.headers | KEY) as other:
        first = await client.post("/api/v2/posts", json=POST)
        second = await client.post("/api/v2/posts", json=POST)
        assert (second.status_code, second.content) == (201, first.content)
        assert second.headers["Idempotent-Replayed"] == "true"
        url, theirs = first.headers["Location"], await other.post("/api/v2/posts", json=POST)
        # Another path, other methods on one path, and another caller.
        ran.append(await client.post("/api/v2/posts/batch", json={"operations": [{"op": "create", "post": POST}]}))
        ran.append(await client.patch(url, json={"title": "N"}))
        ran.append(await client.delete(url))
        ran.append(theirs)
        assert [response.status_code for response in ran] == [207, 200, 204, 201]
        assert not any("Idempotent-Replayed" in response.headers for response in ran)
        assert theirs.json()["id"] != first.json()["id"]
        # The keys of two methods on one path are both known.
        for again, before in (
            (await client.patch(url, json={"title": "N"}), ran[1]),
            (await client.delete(url), ran[2]),
        ):
            assert (again.status_code, again.content) == (before.status_code, before.content)
            assert again.headers["Idempotent-Replayed"] == "true"
        assert (await client.get(url)).status_code == 404


async def test_what_is_part_of_the_request(test_app: TestApp) -> None:
    """The body with its type, the query and the precondition: a repeated key with another one is an error."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        url = (await client.post("/api/v2/posts", json=POST)).headers["Location"]
        tag = (await client.get(url)).headers["ETag"]
        edit: dict[str, Any] = {"json": {"title": "N"}, "headers": KEY | {"If-Match": tag}}
        assert (await client.patch(url, **edit)).status_code == 200
        assert (await client.patch(url, **edit)).headers["Idempotent-Replayed"] == "true"
        others: list[dict[str, Any]] = [
            {"json": {"title": "M"}},
            {"headers": KEY},
            {"headers": KEY | {"If-Match": "*"}},
            {"headers": edit["headers"] | {"Content-Type": "application/merge-patch+json"}},
            {"params": {"title": "M"}},
        ]
        for other in others:
            response = await client.patch(url, **(edit | other))
            assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused"), other


async def test_anonymous_callers_are_distinguished_by_their_address(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        url = (await client.post("/api/v2/posts", json=POST | {"status": "published"})).headers["Location"]
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        transport = httpx2.ASGITransport(app=test_app.app, client=(host, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test", headers=KEY) as anonymous:
            assert (await anonymous.post(f"{url}/views")).status_code == 204
    async with test_app.client() as client:
        assert (await client.get(url)).json()["view_count"] == 2, "the third request is a replay"


async def test_a_retry_may_add_parameters_to_the_media_type(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers | KEY) as client:
        first = await client.post("/api/v2/posts", json=POST)
        for media_type in ("application/json; charset=utf-8", "Application/JSON;charset=UTF-8"):
            again = await client.post(
                "/api/v2/posts", content=first.request.content, headers={"Content-Type": media_type}
            )
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers["Idempotent-Replayed"] == "true"


def replays(test_app: TestApp) -> list[str]:
    """The samples of the counter of replays."""
    exposed = generate_latest(test_app.runtime.metrics.registry).decode().splitlines()
    return [line for line in exposed if "replay" in line and not line.startswith("#")]


async def test_a_replay_needs_the_permissions_that_the_first_request_had(test_app: TestApp) -> None:
    """`profile:write` is enough for one's own user: a demoted admin must not read another user with it."""
    root, other, ada = [
        await test_app.person(f"{name}@example.com", role)
        for name, role in (("root", Role.ADMIN), ("other", Role.ADMIN), ("ada", Role.AUTHOR))
    ]
    async with test_app.client() as client:
        url, name = [f"/api/v2/users/{encode('usr', person.user.uid)}" for person in (ada, root)]
        edit = {"json": {"display_name": "N"}, "headers": root.headers | KEY}
        assert (await client.patch(url, **edit)).status_code == 200
        assert (await client.patch(url, **edit)).headers["Idempotent-Replayed"] == "true"
        demoted = await client.put(f"{name}/roles", json={"roles": ["author"]}, headers=other.headers)
        assert demoted.status_code == 200
        before = replays(test_app)
        refused = await client.patch(url, **edit)
        assert replays(test_app) == before != [], "a rejected request is no replay"
        assert (refused.status_code, refused.json()["required_scope"]) == (403, "users:read users:write")
        own = {"json": {"display_name": "N"}, "headers": root.headers | KEY}
        assert (await client.patch(name, **own)).status_code == 200
        assert (await client.patch(name, **own)).headers["Idempotent-Replayed"] == "true"
