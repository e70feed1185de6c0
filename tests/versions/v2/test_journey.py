"""What a v2 client does, request by request: sign-in, posts, lists, batches, idempotency keys."""

import asyncio

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import PASSWORD, TestApp, token_of
from tests.support.pages import every_item
from versions.v2.posts.schemas import Post

ADDRESS = "ada@example.com"


async def test_from_registration_to_the_end_of_a_session(test_app: TestApp) -> None:
    async with test_app.client() as client:
        body = {"email": ADDRESS, "password": PASSWORD, "display_name": "Ada"}
        assert (await client.post("/api/v2/auth/registrations", json=body)).status_code == 202
        (mail,) = await test_app.deliver()
        proof = {"token": token_of(mail)}
        assert (await client.post("/api/v2/auth/verifications", json=proof)).status_code == 204
        used = await client.post("/api/v2/auth/verifications", json=proof)
        assert (used.status_code, used.json()["code"]) == (400, "invalid_verification_token")
        assert (await client.post("/api/v2/auth/registrations", json=body)).status_code == 202
        (warning,) = await test_app.deliver()
        assert warning.subject == "You already have an account"

        form = {"grant_type": "password", "username": ADDRESS, "password": PASSWORD}
        bad = await client.post("/api/v2/auth/token", data=form | {"password": "wrong-password"})
        assert (bad.status_code, bad.json()["error"]) == (401, "invalid_grant")
        tokens = (await client.post("/api/v2/auth/token", data=form)).json()
        assert tokens["token_type"] == "Bearer"
        assert "posts:write" in tokens["scope"].split()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        assert (await client.get("/api/v2/me")).json()["display_name"] == "Ada"
        (session,) = (await client.get("/api/v2/auth/sessions")).json()["data"]
        assert session["current"]
        assert (await client.get(f"/api/v2/auth/sessions/{session['id']}")).json() == session

        grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await client.post("/api/v2/auth/token", data=grant)).status_code == 200
        async with test_app.runtime.database.write() as transaction:
            driver = await transaction.driver()
            await driver.execute("UPDATE refresh_tokens SET spent_at = spent_at - interval '1 minute'")
        assert (await client.post("/api/v2/auth/token", data=grant)).status_code == 401
        assert (await client.get("/api/v2/me")).status_code == 401, "a stolen refresh token ends the session"


async def test_a_password_is_reset_with_a_mailed_token(test_app: TestApp) -> None:
    await test_app.person(ADDRESS, verified=False)
    async with test_app.client() as client:
        assert (await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})).status_code == 202
        (mail,) = await test_app.deliver()
        change = {"token": token_of(mail), "password": "another password"}
        assert (await client.post("/api/v2/auth/password-resets/confirm", json=change)).status_code == 204
        assert (await client.post("/api/v2/auth/password-resets/confirm", json=change)).status_code == 400
        form = {"grant_type": "password", "username": ADDRESS, "password": "another password"}
        token = (await client.post("/api/v2/auth/token", data=form)).json()
        revoked = await client.post("/api/v2/auth/revoke", data={"token": token["refresh_token"]})
        assert revoked.status_code == 200
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await client.get("/api/v2/me", headers=headers)).status_code == 401


async def test_a_post_is_edited_and_deleted_under_conditions(test_app: TestApp) -> None:
    ada, bob = await test_app.person(ADDRESS), await test_app.person("bob@example.com")
    async with test_app.client(ada.headers) as author, test_app.client(bob.headers) as other:
        made = await author.post("/api/v2/posts", json={"title": "T", "content": "C", "status": "published"})
        assert made.status_code == 201
        url, tag = made.headers["Location"], made.headers["ETag"]
        assert (await author.get(url, headers={"If-None-Match": tag})).status_code == 304
        assert (await other.post(f"{url}/views")).status_code == 204
        seen = await author.get(url, headers={"If-None-Match": tag})
        assert (seen.status_code, seen.json()["view_count"]) == (200, 1)
        edited = await author.patch(url, json={"title": "U"}, headers={"If-Match": tag})
        assert (edited.status_code, edited.json()["title"], edited.json()["content"]) == (200, "U", "C")
        lost = await author.patch(url, json={"title": "V"}, headers={"If-Match": tag})
        assert (lost.status_code, lost.json()["code"]) == (412, "precondition_failed")
        denied = await other.patch(url, json={"title": "Mine"})
        assert (denied.status_code, denied.json()["code"]) == (403, "not_the_author")
        archived = await author.patch(
            url, content=b'{"status":"archived"}', headers={"Content-Type": "application/merge-patch+json"}
        )
        assert archived.json()["status"] == "archived"
        assert (await other.get(url)).status_code == 404
        assert (await author.delete(url, headers={"If-Match": tag})).status_code == 412
        assert (await author.delete(url)).status_code == 204


SORTS = ("-created_at", "title", "-view_count,title", "title,-created_at", "-updated_at")


async def create_posts(client: httpx2.AsyncClient, count: int) -> None:
    for number in range(count):
        body = {"title": f"T{number % 3}", "content": "layers of rock", "status": "published"}
        await client.post("/api/v2/posts", json=body)


@pytest.mark.parametrize("sort", SORTS)
async def test_all_pages_of_a_list_contain_each_post_once(test_app: TestApp, sort: str) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        await create_posts(client, 7)
        seen = [post["id"] for post in await every_item(client, "/api/v2/posts", sort=sort, limit=3)]
    assert len(seen) == len(set(seen)) == 7


async def test_a_cursor_of_another_list_and_a_forged_cursor_are_rejected(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        await create_posts(client, 4)
        first = (await client.get("/api/v2/posts", params={"limit": 3})).json()
        params = {"cursor": first["next_cursor"], "status": "published"}
        mismatch = await client.get("/api/v2/posts", params=params)
        assert (mismatch.status_code, mismatch.json()["code"]) == (400, "cursor_mismatch")
        forged = await client.get("/api/v2/posts", params={"cursor": "A" * 40})
        assert (forged.status_code, forged.json()["code"]) == (400, "invalid_cursor")


async def test_fields_and_include_select_members(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        await create_posts(client, 1)
        sparse = (await client.get("/api/v2/posts", params={"fields": "id,title", "include": "author"})).json()
        assert set(sparse["data"][0]) == {"id", "title", "author"}
        for names in (*Post.model_fields, ",".join(Post.model_fields)):
            selected = (await client.get("/api/v2/posts", params={"fields": names})).json()["data"][0]
            assert set(selected) == set(names.split(",")), names


async def test_all_pages_of_a_search_contain_each_post_once(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        await create_posts(client, 7)
        hits = await every_item(client, "/api/v2/search/posts", q="layers", limit=4)
    assert len(hits) == len({hit["post"]["id"] for hit in hits}) == 7
    assert all("<mark>layers</mark>" in hit["highlights"]["content"] for hit in hits)


async def test_a_batch_applies_each_operation_or_all(test_app: TestApp) -> None:
    ada, bob = await test_app.person(ADDRESS), await test_app.person("bob@example.com")
    async with test_app.client(ada.headers) as client, test_app.client(bob.headers) as other:
        foreign = (await other.post("/api/v2/posts", json={"title": "B", "content": "", "status": "published"})).json()
        create = {"op": "create", "post": {"title": "N", "content": ""}}
        steal = {"op": "delete", "id": foreign["id"]}
        mixed = await client.post("/api/v2/posts/batch", json={"operations": [create, steal]})
        assert mixed.status_code == 207
        assert [result["status"] for result in mixed.json()["results"]] == [201, 403]
        problem = mixed.json()["results"][1]["problem"]
        assert problem["instance"] == f"/api/v2/posts/{foreign['id']}", "as if it had been a request of its own"
        atomic = await client.post("/api/v2/posts/batch", json={"operations": [create, steal], "atomic": True})
        assert atomic.status_code == 403
        assert len((await client.get("/api/v2/posts", params={"status": "draft"})).json()["data"]) == 1


async def test_an_idempotency_key_runs_a_write_once(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        key = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
        body = {"title": "Once", "content": ""}
        answers = await asyncio.gather(*(client.post("/api/v2/posts", json=body, headers=key) for _ in range(5)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        again = await client.post("/api/v2/posts", json=body, headers=key)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        other = await client.post("/api/v2/posts", json=body | {"title": "Twice"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert len((await client.get("/api/v2/posts")).json()["data"]) == 1
        url, edit = again.headers["Location"], {"title": "Edited"}
        first = await client.patch(url, json=edit, headers=key | {"If-Match": again.headers["ETag"]})
        replayed = await client.patch(url, json=edit, headers=key | {"If-Match": again.headers["ETag"]})
        assert (first.status_code, replayed.headers["Idempotent-Replayed"]) == (200, "true")
        for other_tag in ('"0.none"', "x" * 5000):
            other = await client.patch(url, json=edit, headers=key | {"If-Match": other_tag})
            assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    "key", ["", "two words", "na\xefve", "\xa0abc", '"open', '"a\\b"', '"', "a" * 256, "(inner list)"]
)
async def test_an_idempotency_key_is_what_the_document_says(test_app: TestApp, key: str) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        refused = await client.post(
            "/api/v2/posts", json={"title": "T", "content": ""}, headers=[(b"Idempotency-Key", key.encode("latin-1"))]
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_idempotency_key")
        for good in ("bare", '"quoted"', r'"with \" and \\"', "a" * 255):
            made = await client.post(
                "/api/v2/posts", json={"title": "T", "content": ""}, headers={"Idempotency-Key": f" {good}\t"}
            )
            assert made.status_code == 201, good


async def test_concurrent_edits_lose_nothing(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        made = await client.post("/api/v2/posts", json={"title": "T", "content": ""})
        url, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
        edits = [client.patch(url, json={"title": f"T{number}"}, headers=tag) for number in range(6)]
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*edits))
        assert statuses == [200, 412, 412, 412, 412, 412]


async def test_only_admins_set_roles(test_app: TestApp) -> None:
    ada, root = await test_app.person(ADDRESS), await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(ada.headers) as author, test_app.client(root.headers) as admin:
        own = (await author.get("/api/v2/me")).json()
        assert (await author.put(f"/api/v2/users/{own['id']}/roles", json={"roles": ["admin"]})).status_code == 403
        promoted = await admin.put(f"/api/v2/users/{own['id']}/roles", json={"roles": ["moderator"]})
        assert promoted.json()["roles"] == ["moderator"]
        assert "posts:moderate" in (await author.get("/api/v2/me/permissions")).json()["permissions"]
        asleep = await admin.patch(f"/api/v2/users/{own['id']}", json={"is_active": False})
        assert asleep.json()["is_active"] is False
        assert (await author.get("/api/v2/me")).status_code == 401
