"""API keys over HTTP: their secret, their scopes, rotation, revocation and early brownouts."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.access.keys import well_formed
from app.access.permissions import key_scopes
from app.access.principal import Role
from app.http.plans import PlansComponent
from app.kit.clock import rfc3339, utc_now
from app.plans import built_in
from tests.support.app import Person, TestApp
from tests.support.operations import document

KEYS = "/api/v2/api-keys"
MOST = 10
ME = ("/api/v1/users/me", "/api/v2/me")
POST = {"title": "T", "content": "C"}


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com")


@pytest.fixture
async def session(test_app: TestApp, ada: Person) -> dict[str, str]:
    return await test_app.session(ada)


async def create(test_app: TestApp, session: dict[str, str], **members: Any) -> dict[str, Any]:
    async with test_app.client(session) as client:
        response = await client.post(KEYS, json={"name": "k", "scopes": ["posts:read", "profile:read"], **members})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def statuses(test_app: TestApp, key: str) -> list[int]:
    """Of a request to each version with this key."""
    async with test_app.client({"X-API-Key": key}) as client:
        return [(await client.get(path)).status_code for path in ME]


async def test_a_new_key_serves_both_versions(test_app: TestApp, session: dict[str, str]) -> None:
    created = await create(test_app, session, name="Deployment", mode="test")
    assert well_formed(created["key"])
    assert created["key"].startswith(created["hint"])
    assert (created["mode"], created["status"], created["plan"]) == ("test", "active", "test")
    assert await statuses(test_app, created["key"]) == [200, 200]
    async with test_app.client(session) as client:
        shown = (await client.get(f"{KEYS}/{created['id']}")).json()
        listed = (await client.get(KEYS)).json()["data"]
    assert shown == {name: value for name, value in created.items() if name != "key"}
    assert listed[0] == shown, "the newest key is first"


async def test_a_secret_is_in_no_cache_and_in_no_other_response(test_app: TestApp, session: dict[str, str]) -> None:
    async with test_app.client(session) as client:
        headers = {"Idempotency-Key": "one"}
        body = {"name": "k", "scopes": ["posts:read"]}
        created = await client.post(KEYS, json=body, headers=headers)
        url = f"{KEYS}/{created.json()['id']}"
        rotated = await client.post(f"{url}/rotate", json={})
        again = await client.post(KEYS, json=body, headers=headers)
        others = [await client.get(url), await client.get(KEYS), await client.patch(url, json={"name": "n"})]
    for response in (created, rotated):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Location"] == f"{KEYS}/{response.json()['id']}"
    assert again.content == created.content, "a retry shows the secret again"
    assert (again.headers["Cache-Control"], again.headers["Idempotent-Replayed"]) == ("no-store", "true")
    for response in others:
        assert response.status_code == 200
        assert not any(shown.json()["key"] in response.text for shown in (created, rotated))


async def test_the_published_pattern_finds_keys(test_app: TestApp, session: dict[str, str]) -> None:
    (tag,) = (tag for tag in document("v2")["tags"] if tag["name"] == "api_keys")
    found = re.search(r"`(\\b.*\\b)`", tag["description"])
    assert found is not None
    for mode in ("live", "test"):
        key = (await create(test_app, session, mode=mode))["key"]
        assert re.findall(found[1], f'token = "{key}";') == [key]
    valid, invalid = (re.findall(r"sk_(?:live|test)_\w+", part) for part in tag["description"].split("Invalid")[-2:])
    assert len(valid) == len(invalid) == 3
    assert [well_formed(example) for example in (*valid, *invalid)] == [True] * 3 + [False] * 3


async def test_a_key_has_no_scope_that_its_creator_lacks(test_app: TestApp, session: dict[str, str]) -> None:
    async with test_app.client(session) as client:
        own = set((await client.get("/api/v2/me/permissions")).json()["permissions"])
        for scope in key_scopes():
            response = await client.post(KEYS, json={"name": "k", "scopes": [scope]})
            if scope in own:
                assert response.json()["scopes"] == [scope]
            else:
                problem = response.json()
                assert (response.status_code, problem["code"]) == (422, "scope_not_granted"), scope
                assert problem["errors"][0]["pointer"] == "#/scopes/0"
        for scope in ("credentials:write", "keys:admin", "posts:burn"):
            response = await client.post(KEYS, json={"name": "k", "scopes": [scope]})
            assert (response.status_code, response.json()["code"]) == (422, "validation_failed"), scope


async def test_a_key_loses_what_its_owner_loses(test_app: TestApp) -> None:
    root, other = [await test_app.person(f"{name}@example.com", Role.ADMIN) for name in ("root", "other")]
    created = await create(test_app, await test_app.session(root), scopes=["users:read", "profile:read"])
    async with test_app.client({"X-API-Key": created["key"]}) as client:
        assert (await client.get("/api/v2/users")).status_code == 200
        name = (await client.get("/api/v2/me")).json()["id"]
        async with test_app.client(other.headers) as admin:
            changed = await admin.put(f"/api/v2/users/{name}/roles", json={"roles": ["author"]})
            assert changed.status_code == 200
        assert (await client.get("/api/v2/users")).status_code == 403
        assert (await client.get("/api/v2/me")).status_code == 200


async def test_an_expiry_is_exact(test_app: TestApp, session: dict[str, str]) -> None:
    expires_at = rfc3339(utc_now() + timedelta(days=1, microseconds=1))
    created = await create(test_app, session, expires_at=expires_at)
    assert created["expires_at"] == expires_at
    for value in ("2036-11-23", "2036-11-23T12:00:00", 2_000_000_000, "2036-11-23 12:00:00Z", "2036-13-01T00:00:00Z"):
        async with test_app.client(session) as client:
            response = await client.post(KEYS, json={"name": "k", "scopes": ["posts:read"], "expires_at": value})
        assert response.status_code == 422, value
        assert response.json()["errors"][0]["pointer"] == "#/expires_at"


async def test_both_keys_of_a_rotation_serve_during_the_overlap(test_app: TestApp, session: dict[str, str]) -> None:
    expires_at = rfc3339(utc_now() + timedelta(days=2))
    old = await create(test_app, session, name="Deployment", expires_at=expires_at)
    async with test_app.client(session) as client:
        before = utc_now()
        response = await client.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 3600})
        new = response.json()
        shown = (await client.get(f"{KEYS}/{old['id']}")).json()
    assert response.status_code == 201
    same = ("name", "scopes", "plan", "mode", "user_id", "expires_at")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert (new["status"], shown["status"]) == ("active", "rotated")
    end = utc_now() + timedelta(hours=1)
    assert rfc3339(before + timedelta(hours=1)) <= shown["expires_at"] <= rfc3339(end)
    assert [await statuses(test_app, key["key"]) for key in (old, new)] == [[200, 200]] * 2


@pytest.mark.parametrize(("lifetime", "overlap", "expected"), [(1, 604_800, 1), (30, 604_800, 7), (30, None, 1)])
async def test_an_overlap_ends_with_the_key_and_takes_a_day_by_default(
    test_app: TestApp, session: dict[str, str], lifetime: int, overlap: int | None, expected: int
) -> None:
    now = utc_now()
    old = await create(test_app, session, expires_at=rfc3339(now + timedelta(days=lifetime)))
    body = {} if overlap is None else {"overlap_seconds": overlap}
    async with test_app.client(session) as client:
        assert (await client.post(f"{KEYS}/{old['id']}/rotate", json=body)).status_code == 201
        shown = (await client.get(f"{KEYS}/{old['id']}")).json()
    end = now + timedelta(days=expected)
    assert rfc3339(end) <= shown["expires_at"] <= rfc3339(end + timedelta(minutes=5))


async def test_without_overlap_the_replaced_key_ends_at_once(test_app: TestApp, session: dict[str, str]) -> None:
    old = await create(test_app, session)
    async with test_app.client(session) as client:
        new = (await client.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 0})).json()
        for overlap in (-1, 604_801, 1.5, "60", True):
            response = await client.post(f"{KEYS}/{new['id']}/rotate", json={"overlap_seconds": overlap})
            assert response.status_code == 422, overlap
    assert [await statuses(test_app, key["key"]) for key in (old, new)] == [[401, 401], [200, 200]]


async def test_a_retry_with_the_successor_of_a_key_runs_once(test_app: TestApp, session: dict[str, str]) -> None:
    old = await create(test_app, session, scopes=["posts:read", "posts:write"])
    other = await create(test_app, session, scopes=["posts:read", "posts:write"])
    once = {"Idempotency-Key": "one"}
    async with test_app.client() as client:
        first = await client.post("/api/v2/posts", json=POST, headers={"X-API-Key": old["key"]} | once)
        async with test_app.client(session) as owner:
            new = (await owner.post(f"{KEYS}/{old['id']}/rotate", json={})).json()
            newest = (await owner.post(f"{KEYS}/{new['id']}/rotate", json={})).json()
        for key in (new, newest):
            again = await client.post("/api/v2/posts", json=POST, headers={"X-API-Key": key["key"]} | once)
            assert (again.status_code, again.content) == (201, first.content)
        unrelated = await client.post("/api/v2/posts", json=POST, headers={"X-API-Key": other["key"]} | once)
        assert unrelated.json()["id"] != first.json()["id"], "another key is another caller"


async def test_a_rotated_key_keeps_its_brownout(test_app: TestApp, session: dict[str, str]) -> None:
    old = await create(test_app, session)
    until = rfc3339(utc_now() + timedelta(hours=1))
    async with test_app.client(session) as client:
        await client.patch(f"{KEYS}/{old['id']}", json={"early_brownout_until": until})
        new = (await client.post(f"{KEYS}/{old['id']}/rotate", json={})).json()
    assert new["early_brownout_until"] == until


async def test_a_revoked_key_is_rejected_by_both_versions(test_app: TestApp, session: dict[str, str]) -> None:
    root = await test_app.session(await test_app.person("root@example.com", Role.ADMIN))
    for headers, path in ((session, KEYS), (root, "/api/v2/admin/api-keys")):
        created = await create(test_app, session)
        assert await statuses(test_app, created["key"]) == [200, 200]
        async with test_app.client(headers) as client:
            assert (await client.delete(f"{path}/{created['id']}")).status_code == 204
            assert (await client.delete(f"{path}/{created['id']}")).status_code == 404
        assert await statuses(test_app, created["key"]) == [401, 401]


async def test_a_browned_out_key_is_rejected_by_the_deprecated_version(
    test_app: TestApp, session: dict[str, str]
) -> None:
    created = await create(test_app, session)
    url, now = f"{KEYS}/{created['id']}", utc_now()
    async with test_app.client(session) as client:
        for until, expected in ((rfc3339(now + timedelta(hours=1)), [410, 200]), (None, [200, 200])):
            response = await client.patch(url, json={"early_brownout_until": until})
            assert (response.status_code, response.json()["early_brownout_until"]) == (200, until)
            assert response.json()["name"] == created["name"]
            renamed = await client.patch(url, json={"name": created["name"]})
            assert renamed.json()["early_brownout_until"] == until
            assert await statuses(test_app, created["key"]) == expected
        week = timedelta(days=7)
        for ends, status in ((now + week, 200), (utc_now() + week + timedelta(minutes=1), 422)):
            response = await client.patch(url, json={"early_brownout_until": rfc3339(ends)})
            assert response.status_code == status
        assert response.json()["code"] == "too_long_brownout"
        assert (await client.patch(url, json={})).json()["name"] == created["name"]


async def test_the_number_of_keys_is_limited(concurrent_app: TestApp) -> None:
    """By the plan, also for concurrent requests. Revoked, expired and replaced keys do not count."""
    plans = concurrent_app.runtime.get(PlansComponent).catalogue
    plans.replace(replace(plan, caps=replace(plan.caps, keys=MOST)) for plan in built_in.PLANS)
    ada = await concurrent_app.person("ada@example.com")
    session = await concurrent_app.session(ada)
    async with concurrent_app.runtime.database.write() as transaction:
        driver = await transaction.driver()
        await driver.execute(
            "INSERT INTO api_keys (uid, user_id, name, hint, digest, scopes, plan, expires_at, revoked_at, rotated_at)"
            " SELECT gen_random_uuid(), $1, 'k', 'sk_live_0000', int8send(n), '{}', 'free',"
            " CASE n % 4 WHEN 1 THEN now() - interval '1 day' END, CASE n % 4 WHEN 2 THEN now() END,"
            " CASE n % 4 WHEN 3 THEN now() END FROM generate_series(1, $2) AS n",
            ada.user.id,
            4 * (MOST - 3),
        )
    body = {"name": "k", "scopes": ["posts:read"]}
    async with concurrent_app.client(session) as client:
        found = await asyncio.gather(*(client.post(KEYS, json=body) for _ in range(6)))
        created = [response for response in found if response.status_code == 201]
        refused = [response for response in found if response.status_code != 201]
        assert len(created) == 2, "two places were left beside the key of the user"
        assert {(response.status_code, response.json()["code"]) for response in refused} == {(409, "too_many_api_keys")}
        url = f"{KEYS}/{created[0].json()['id']}"
        assert (await client.post(f"{url}/rotate", json={})).status_code == 201, "a rotation needs no place"
        assert (await client.delete(f"{KEYS}/{created[1].json()['id']}")).status_code == 204
        assert (await client.post(KEYS, json=body)).status_code == 201


async def test_two_rotations_at_once_make_one_successor(concurrent_app: TestApp) -> None:
    session = await concurrent_app.session(await concurrent_app.person("ada@example.com"))
    old = await create(concurrent_app, session)
    async with concurrent_app.client(session) as client:
        url = f"{KEYS}/{old['id']}/rotate"
        found = await asyncio.gather(*(client.post(url, json={}) for _ in range(4)))
    assert sorted(response.status_code for response in found) == [201, 409, 409, 409]


async def test_pages_of_keys(test_app: TestApp, session: dict[str, str]) -> None:
    names = [(await create(test_app, session, name=f"k{number}"))["name"] for number in range(3)]
    root = await test_app.session(await test_app.person("root@example.com", Role.ADMIN))
    for headers, path, expected in (
        (session, KEYS, [*reversed(names), "test"]),
        (root, "/api/v2/admin/api-keys", ["test", *reversed(names), "test"]),
    ):
        listed, cursor = [], {}
        async with test_app.client(headers) as client:
            for _ in range(-(-len(expected) // 2)):
                page = (await client.get(path, params={"limit": 2} | cursor)).json()
                listed += [key["name"] for key in page["data"]]
                cursor = {"cursor": page["next_cursor"]}
        assert (listed, page["has_more"]) == (expected, False)
