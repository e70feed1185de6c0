"""What a v1 client does, request by request, with the exact status codes and messages."""

import pytest_asyncio

from app.access.principal import Role
from tests.support.app import PASSWORD, Person, TestApp, token_of

ADDRESS = "ada@example.com"


async def test_from_registration_to_refresh(test_app: TestApp) -> None:
    async with test_app.client() as client:
        body = {"email": ADDRESS, "password": PASSWORD, "name": "Ada"}
        registered = await client.post("/api/v1/auth/register", json=body)
        assert registered.status_code == 201
        assert registered.json()["email"] == ADDRESS

        form = {"username": ADDRESS, "password": PASSWORD}
        early = await client.post("/api/v1/auth/login", data=form)
        assert (early.status_code, early.json()["detail"]) == (403, "Please verify your email before logging in")
        wrong = await client.post("/api/v1/auth/verify", json={"email": ADDRESS, "token": "no"})
        assert (wrong.status_code, wrong.json()["detail"]) == (400, "Invalid verification token")
        (mail,) = await test_app.deliver()
        proof = {"email": ADDRESS, "token": token_of(mail)}
        assert (await client.post("/api/v1/auth/verify", json=proof)).status_code == 200
        assert (await client.post("/api/v1/auth/verify", json=proof)).status_code == 200
        again = await client.post("/api/v1/auth/register", json=body | {"email": "ADA@example.com"})
        assert (again.status_code, again.json()) == (400, {"detail": "Email already registered"})

        bad = await client.post("/api/v1/auth/login", data=form | {"password": "wrong-password"})
        assert (bad.status_code, bad.json()["detail"]) == (401, "Incorrect email or password")
        assert bad.headers["WWW-Authenticate"] == "Bearer"
        tokens = (await client.post("/api/v1/auth/login", data=form)).json()
        assert tokens["token_type"] == "bearer"

        me = await client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        assert {k: v for k, v in me.json().items() if k != "id"} == {
            "email": ADDRESS, "name": "Ada", "is_verified": True
        }  # fmt: skip
        mixed = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["access_token"]})
        assert (mixed.status_code, mixed.json()["detail"]) == (401, "Invalid token type")
        renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert renewed.status_code == 200
        assert renewed.json()["refresh_token"] == tokens["refresh_token"], "it stays valid"
        again = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert again.status_code == 200


async def test_a_read_counts_a_view_and_only_the_author_edits(test_app: TestApp) -> None:
    ada, bob = await test_app.person("ada@example.com"), await test_app.person("bob@example.com")
    async with test_app.client(ada.headers) as author, test_app.client(bob.headers) as other:
        body = {"title": "Strata", "content": "layers", "published": True}
        created = await author.post("/api/v1/posts", json=body)
        assert created.status_code == 201
        url = f"/api/v1/posts/{created.json()['id']}"
        assert (await other.get(url)).json()["view_count"] == 1
        assert (await author.get(url)).json()["view_count"] == 2
        assert (await other.put(url, json={"title": "Mine"})).status_code == 403
        edited = await author.put(url, json={"title": "Strata, again"})
        assert (edited.json()["title"], edited.json()["content"]) == ("Strata, again", "layers")
        assert (await author.delete(url)).status_code == 204
        assert (await author.get(url)).status_code == 404


@pytest_asyncio.fixture(loop_scope="session")
async def published_and_draft(test_app: TestApp) -> tuple[Person, int, int]:
    """An author, and the ids of a published post and of a draft."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as author:
        body = {"title": "Strata", "content": "layers", "published": True}
        post = (await author.post("/api/v1/posts", json=body)).json()
        draft = (await author.post("/api/v1/posts", json={"title": "Draft", "content": "x"})).json()
    return ada, post["id"], draft["id"]


async def test_a_draft_is_visible_to_its_author_only(
    test_app: TestApp, published_and_draft: tuple[Person, int, int]
) -> None:
    ada, post, draft = published_and_draft
    bob = await test_app.person("bob@example.com")
    async with test_app.client(ada.headers) as author, test_app.client(bob.headers) as other:
        hidden = await other.get(f"/api/v1/posts/{draft}")
        assert (hidden.status_code, hidden.json()) == (404, {"detail": "Post not found"})
        listed = (await other.get("/api/v1/posts", params={"author_id": ada.user.id})).json()
        assert [item["id"] for item in listed["items"]] == [post]
        assert (listed["total"], listed["page"], listed["total_pages"]) == (1, 1, 1)
        own = (await author.get("/api/v1/posts", params={"published": False})).json()
        assert [item["id"] for item in own["items"]] == [draft]


async def test_a_list_is_sorted_by_each_key(test_app: TestApp, published_and_draft: tuple[Person, int, int]) -> None:
    ada, _, _ = published_and_draft
    async with test_app.client(ada.headers) as author:
        for field in ("created_at", "updated_at", "title", "view_count"):
            for order in ("asc", "desc"):
                page = (await author.get("/api/v1/posts", params={"sort_by": field, "sort_order": order})).json()
                values = [item[field] for item in page["items"]]
                assert values == sorted(values, reverse=order == "desc")


async def test_search_and_batch_return_visible_posts(
    test_app: TestApp, published_and_draft: tuple[Person, int, int]
) -> None:
    _, post, draft = published_and_draft
    bob = await test_app.person("bob@example.com")
    async with test_app.client(bob.headers) as other:
        found = (await other.get("/api/v1/search", params={"query": "layers"})).json()
        assert [item["id"] for item in found] == [post]
        batch = await other.post("/api/v1/posts/batch", json={"ids": [post, draft, 10**12]})
        assert batch.status_code == 400
        assert batch.json() == {
            "error": "Multiple validation errors",
            "details": [f"Post {draft} not found", "Post 1000000000000 not found"],
        }


async def test_only_admins_list_users(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(ada.headers) as author, test_app.client(root.headers) as admin:
        assert (await author.get("/api/v1/users")).status_code == 403
        assert (await admin.get("/api/v1/users")).status_code == 200
        over = await admin.get("/api/v1/users", params={"limit": 1001})
        assert (over.status_code, over.json()) == (400, {"detail": "Limit cannot exceed 1000"})
        page = (await admin.get("/api/v1/users/paginated", params={"limit": 1})).json()
        assert (page["total"], page["skip"], page["limit"], len(page["items"])) == (2, 0, 1, 1)


async def test_a_user_edits_only_itself(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(ada.headers) as author:
        foreign = await author.put(f"/api/v1/users/{root.user.id}", json={"full_name": "Me"})
        assert (foreign.status_code, foreign.json()) == (403, {"detail": "Not authorized to update this user"})
        own = await author.put(f"/api/v1/users/{ada.user.id}", json={"full_name": "Ada L."})
        assert own.json()["full_name"] == "Ada L."
        denied = await author.delete(f"/api/v1/admin/users/{root.user.id}")
        assert (denied.status_code, denied.json()) == (403, {"detail": "Insufficient permissions"})


async def test_a_deleted_user_has_no_posts_and_no_access(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(ada.headers) as author, test_app.client(root.headers) as admin:
        posts = f"/api/v1/users/{ada.user.id}/posts"
        assert (await admin.get(posts)).json() == [], "a user without posts"
        assert (await admin.delete(f"/api/v1/users/{ada.user.id}")).status_code == 204
        gone = await admin.get(posts)
        assert (gone.status_code, gone.json()) == (200, []), "the same response as for a user without posts"
        assert (await author.get("/api/v1/users/me")).status_code == 401, "the key is deleted with the user"
        last = await admin.delete(f"/api/v1/users/{root.user.id}")
        assert last.status_code == 409, "the last admin cannot be deleted"


async def test_every_response_announces_the_sunset(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for response in (await client.get("/api/v1/posts"), await client.get("/api/v1/nowhere")):
            assert response.headers["Deprecation"] == "@1780272000"
            assert response.headers["Sunset"] == "Fri, 31 Dec 2027 23:59:59 GMT"
            assert 'rel="successor-version"' in response.headers["Link"]
            assert response.headers["API-Version"] == "v1"
