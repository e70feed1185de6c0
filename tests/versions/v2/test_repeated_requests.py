"""A repeated request with the ``Idempotency-Key`` of one that is in progress, expired, or not permitted any more."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from app.access.principal import Role
from app.http.idempotency.repository import IdempotencyRepository
from tests.support.app import TestApp
from tests.support.rollback_database import RollbackDatabase
from tests.support.transactions import blocked_or_done
from versions.kit.typeid import encode
from versions.v2.ids import USER

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
POST = {"title": "T", "content": "C"}


async def execute(test_app: TestApp, statement: str) -> None:
    database = test_app.runtime.database
    assert isinstance(database, RollbackDatabase)
    async with database.as_owner() as owner:
        await owner.execute(statement)


async def test_a_request_in_progress_is_not_repeated(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.client(ada.headers | KEY) as client:

        async def create() -> Any:
            return await client.post("/api/v2/posts", json=POST)

        async with concurrent_app.runtime.database.write() as session:
            await session.execute(text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"))
            first = asyncio.ensure_future(create())
            assert await blocked_or_done(concurrent_app, first)
            second = await create()
            assert (second.status_code, second.json()["code"]) == (409, "request_in_flight")
            assert second.headers["Retry-After"] == "1"
        assert (await first).status_code == 201
        again = await create()
        assert (again.content, again.headers["Idempotent-Replayed"]) == ((await first).content, "true")


async def test_a_response_that_is_stored_while_its_key_is_looked_up_is_not_overwritten(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up does not see a response whose transaction ends between its snapshot and its lock."""

    async def see_nothing(*_: object) -> tuple[bool, None]:
        return True, None

    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers | KEY) as client:
        first = await client.post("/api/v2/posts", json=POST)
        with monkeypatch.context() as patched:
            patched.setattr(IdempotencyRepository, "lock_and_find", see_nothing)
            second = await client.post("/api/v2/posts", json=POST)
            assert (second.status_code, second.json()["code"]) == (409, "request_in_flight")
        third = await client.post("/api/v2/posts", json=POST)
        assert (third.content, third.headers["Idempotent-Replayed"]) == (first.content, "true")
        assert len((await client.get("/api/v2/posts")).json()["data"]) == 1


async def test_an_expired_response_is_not_sent_again_and_replaced_by_the_next(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers | KEY) as client:
        first = await client.post("/api/v2/posts", json=POST)
        await execute(test_app, "UPDATE idempotency_records SET expires_at = now() - interval '1 second'")
        second = await client.post("/api/v2/posts", json=POST | {"title": "Another"})
        assert second.status_code == 201
        assert "Idempotent-Replayed" not in second.headers
        assert second.json()["id"] != first.json()["id"]
        third = await client.post("/api/v2/posts", json=POST | {"title": "Another"})
        assert (third.content, third.headers["Idempotent-Replayed"]) == (second.content, "true")


async def test_a_response_is_stored_for_a_day(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers | KEY) as client:
        assert (await client.post("/api/v2/posts", json=POST)).status_code == 201
        for change, replayed in (
            ("UPDATE idempotency_records SET expires_at = expires_at - interval '23 hours'", "true"),
            ("UPDATE idempotency_records SET expires_at = expires_at - interval '1 hour'", None),
        ):
            await execute(test_app, change)
            again = await client.post("/api/v2/posts", json=POST)
            assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, replayed)


async def test_a_stored_response_that_cannot_be_decrypted_is_a_conflict(test_app: TestApp) -> None:
    """As after a change of the cursor key."""
    ada = await test_app.person("ada@example.com")
    change = (
        "UPDATE idempotency_records"
        " SET sealed_response = set_byte(sealed_response, 20, 255 - get_byte(sealed_response, 20))"
    )
    async with test_app.client(ada.headers | KEY) as client:
        assert (await client.post("/api/v2/posts", json=POST)).status_code == 201
        await execute(test_app, change)
        again = await client.post("/api/v2/posts", json=POST)
        assert (again.status_code, again.json()["code"]) == (409, "unreadable_response")
        other = await client.post("/api/v2/posts", json=POST, headers={"Idempotency-Key": '"another"'})
        assert other.status_code == 201


async def test_a_repeated_request_needs_the_permission_at_that_time(test_app: TestApp) -> None:
    admin = await test_app.person("root@example.com", Role.ADMIN)
    eve = await test_app.person("eve@example.com")
    async with test_app.client(admin.headers | KEY) as client:
        url = f"/api/v2/users/{encode(USER, eve.user.uid)}/roles"
        body = {"roles": ["moderator"]}
        assert (await client.put(url, json=body)).status_code == 200
        assert (await client.put(url, json=body)).headers["Idempotent-Replayed"] == "true"
        await execute(test_app, "UPDATE users SET roles = '{author}'")
        refused = await client.put(url, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_permissions")


async def test_a_repeated_request_needs_one_of_the_alternatives(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers | KEY) as client:
        url = f"/api/v2/users/{encode(USER, ada.user.uid)}"
        assert (await client.patch(url, json={"display_name": "N"})).status_code == 200
        assert (await client.patch(url, json={"display_name": "N"})).headers["Idempotent-Replayed"] == "true"
        await execute(test_app, "DELETE FROM role_permissions WHERE permission = 'profile:write'")
        refused = await client.patch(url, json={"display_name": "N"})
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_permissions")


async def test_the_keys_of_a_user_are_apart_from_those_of_its_sessions(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    made = []
    for headers in (ada.headers, await test_app.session(ada)):
        async with test_app.client(headers | KEY) as client:
            made.append((await client.post("/api/v2/posts", json=POST)).json()["id"])
    assert made[0] != made[1]


async def test_responses_that_are_sent_again_are_counted(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")

    def count() -> float:
        labels = {"api_version": "v2", "http_route": "/api/v2/posts"}
        return test_app.runtime.metrics.registry.get_sample_value("api_idempotent_replays_total", labels) or 0

    async with test_app.client(ada.headers | KEY) as client:
        for expected in (0, 1, 2):
            assert (await client.post("/api/v2/posts", json=POST)).status_code == 201
            assert count() == expected
