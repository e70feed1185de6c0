"""Requests of both versions that decide on a row at once: each decides on what the others have committed."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.access.principal import Role
from tests.support.app import PASSWORD, Person, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.transactions import blocked_or_done, race

ADDRESS = "ada@example.com"
NEW = "another horse battery"
REGISTRATION = {"email": "new@example.com", "password": PASSWORD, "display_name": "N"}


async def send(test_app: TestApp, method: str, url: str, headers: dict[str, str] | None = None, **body: Any) -> int:
    async with test_app.client(headers) as client:
        return (await client.request(method, url, **body)).status_code


async def events(test_app: TestApp, kind: str) -> Any:
    async with test_app.runtime.database.write() as session:
        return await session.scalar(text("SELECT count(*) FROM events WHERE type = :kind"), {"kind": kind})


async def used_once(test_app: TestApp, kind: str, url: str, success: int, **body: Any) -> None:
    """Of three requests with one token, one succeeds."""
    before = await events(test_app, kind)
    statuses = sorted(await race(test_app, *(send(test_app, "POST", url, json=body) for _ in range(3))))
    assert statuses[0] == success
    assert all(400 <= status < 500 for status in statuses[1:]), statuses
    assert await events(test_app, kind) == before + 1


async def test_a_reset_token_sets_one_password(concurrent_app: TestApp) -> None:
    await concurrent_app.person(ADDRESS)
    await send(concurrent_app, "POST", "/api/v2/auth/password-resets", json={"email": ADDRESS})
    (mail,) = await concurrent_app.deliver()
    url = "/api/v2/auth/password-resets/confirm"
    await used_once(concurrent_app, "user.password_reset", url, 204, token=token_of(mail), password=NEW)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_verification_token_verifies_once(concurrent_app: TestApp, version: str) -> None:
    await send(concurrent_app, "POST", "/api/v2/auth/registrations", json=REGISTRATION)
    (mail,) = await concurrent_app.deliver()
    proof = DIALECTS[version].verify(REGISTRATION["email"], token_of(mail))
    requests = (send(concurrent_app, proof.method, proof.url, **proof.options) for _ in range(3))
    first, *later = sorted(await race(concurrent_app, *requests))
    assert first in {200, 204}
    assert set(later) <= {DIALECTS[version].verified_again, 400}
    assert await events(concurrent_app, "user.registered") == 1


@pytest.mark.parametrize("path", ["password-resets", "verifications/resend", "registrations"])
async def test_jobs_at_once_lead_to_one_mail(concurrent_app: TestApp, path: str) -> None:
    """Workers run the jobs of several requests at the same time."""
    body = {"email": ADDRESS} if path != "registrations" else REGISTRATION
    if path != "registrations":
        await concurrent_app.person(ADDRESS, verified=path == "password-resets")
    for _ in range(3):
        assert await send(concurrent_app, "POST", f"/api/v2/auth/{path}", json=body) == 202
    handlers = concurrent_app.job_handlers()
    jobs = await concurrent_app.queued_jobs()
    assert len(jobs) == 3
    await race(concurrent_app, *(handlers[name](params) for name, params in jobs))
    assert len(await concurrent_app.deliver()) == 1


async def test_a_token_replaces_those_of_its_own_purpose_only(concurrent_app: TestApp) -> None:
    await concurrent_app.person(ADDRESS)
    await send(concurrent_app, "POST", "/api/v2/auth/password-resets", json={"email": ADDRESS})
    (mail,) = await concurrent_app.deliver()
    async with concurrent_app.runtime.database.write() as session:
        await session.execute(text("UPDATE users SET is_verified = false"))
    await send(concurrent_app, "POST", "/api/v2/auth/verifications/resend", json={"email": ADDRESS})
    assert len(await concurrent_app.deliver()) == 1
    body = {"token": token_of(mail), "password": NEW}
    assert await send(concurrent_app, "POST", "/api/v2/auth/password-resets/confirm", json=body) == 204


async def test_a_refresh_token_has_one_successor(concurrent_app: TestApp) -> None:
    await concurrent_app.person(ADDRESS)
    async with concurrent_app.client() as client:
        form = {"grant_type": "password", "username": ADDRESS, "password": PASSWORD}
        token = (await client.post("/api/v2/auth/token", data=form)).json()["refresh_token"]
        grant = {"grant_type": "refresh_token", "refresh_token": token}
        responses: list[httpx2.Response] = await race(
            concurrent_app, *(client.post("/api/v2/auth/token", data=grant) for _ in range(3))
        )
    assert [response.status_code for response in responses] == [200] * 3
    assert len({response.json()["refresh_token"] for response in responses}) == 1


async def tagged(test_app: TestApp, person: Person, url: str) -> dict[str, str]:
    """Headers that accept the present revision only."""
    async with test_app.client(person.headers) as client:
        return person.headers | {"If-Match": (await client.get(url)).headers["ETag"]}


async def post_of(test_app: TestApp, person: Person) -> dict[str, Any]:
    async with test_app.client(person.headers) as client:
        made: dict[str, Any] = (await client.post("/api/v2/posts", json={"title": "T", "content": "C"})).json()
        return made


async def test_one_of_several_edits_of_a_revision_wins(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person(ADDRESS)
    url = f"/api/v2/posts/{(await post_of(concurrent_app, ada))['id']}"
    headers = await tagged(concurrent_app, ada, url)
    edits = [send(concurrent_app, "PATCH", url, headers, json={"title": f"T{number}"}) for number in range(3)]
    assert sorted(await race(concurrent_app, *edits)) == [200, 412, 412]


async def test_one_of_several_edits_of_a_user_wins(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person(ADDRESS)
    headers = await tagged(concurrent_app, ada, "/api/v2/me")
    edits = [
        send(concurrent_app, "PATCH", "/api/v2/me", headers, json={"display_name": f"A{number}"}) for number in range(3)
    ]
    assert sorted(await race(concurrent_app, *edits)) == [200, 412, 412]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_post_is_deleted_once(concurrent_app: TestApp, version: str) -> None:
    ada = await concurrent_app.person(ADDRESS)
    post = await post_of(concurrent_app, ada)
    url = DIALECTS[version].post_url(post)
    statuses = await race(concurrent_app, *(send(concurrent_app, "DELETE", url, ada.headers) for _ in range(3)))
    assert sorted(statuses) == [204, 404, 404]
    assert await events(concurrent_app, "post.deleted") == 1


@pytest.mark.parametrize("change", ["demote", "deactivate", "delete"])
async def test_one_admin_remains(concurrent_app: TestApp, change: str) -> None:
    """Each of two admins removes the other."""
    admins = [await concurrent_app.person(f"root{number}@example.com", Role.ADMIN) for number in range(2)]
    uids = []
    for admin in admins:
        async with concurrent_app.client(admin.headers) as client:
            uids.append((await client.get("/api/v2/me")).json()["id"])

    def remove(caller: Person, uid: str) -> Any:
        url = f"/api/v2/users/{uid}"
        match change:
            case "demote":
                return send(concurrent_app, "PUT", f"{url}/roles", caller.headers, json={"roles": ["author"]})
            case "deactivate":
                return send(concurrent_app, "PATCH", url, caller.headers, json={"is_active": False})
        return send(concurrent_app, "DELETE", url, caller.headers)

    statuses = await race(concurrent_app, remove(admins[0], uids[1]), remove(admins[1], uids[0]))
    assert sorted(statuses) == [204 if change == "delete" else 200, 409]


async def test_an_edit_of_a_user_that_is_deleted_at_once_is_a_404_or_precedes_it(concurrent_app: TestApp) -> None:
    root = await concurrent_app.person("root@example.com", Role.ADMIN)
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        uid = (await client.get("/api/v2/me")).json()["id"]
    url = f"/api/v2/users/{uid}"
    edited, deleted = await race(
        concurrent_app,
        send(concurrent_app, "PATCH", url, root.headers, json={"display_name": "A"}),
        send(concurrent_app, "DELETE", url, root.headers),
    )
    assert deleted == 204
    assert edited in {200, 404}


async def while_users_are_deleted(test_app: TestApp, request: Any) -> int:
    """The status of a request that starts after the deletion of all users, and before its commit."""
    async with test_app.runtime.database.write() as session:
        await session.execute(text("DELETE FROM users"))
        task = asyncio.ensure_future(request)
        await blocked_or_done(test_app, task)
    status: int = await task
    return status


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_new_post_of_an_author_who_disappears_is_401(concurrent_app: TestApp, version: str) -> None:
    """Between look-up and insert; PostgreSQL would report 23503."""
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        # The first use of a key is recorded, which would wait, too.
        await client.get("/api/v2/me")
    request = send(concurrent_app, "POST", f"/api/{version}/posts", ada.headers, json={"title": "T", "content": "C"})
    assert await while_users_are_deleted(concurrent_app, request) == 401


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_sign_in_of_a_user_who_disappears_fails_like_a_wrong_password(
    concurrent_app: TestApp, version: str
) -> None:
    await concurrent_app.person(ADDRESS)
    right, wrong = (DIALECTS[version].login(ADDRESS, password) for password in (PASSWORD, NEW))
    assert await send(concurrent_app, wrong.method, wrong.url, **wrong.options) == 401
    late = send(concurrent_app, right.method, right.url, **right.options)
    assert await while_users_are_deleted(concurrent_app, late) == 401
