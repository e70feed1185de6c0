"""A valid request for every write of both versions."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from tests.support.app import PASSWORD, Person, TestApp, token_of

Request = tuple[str, str, dict[str, Any]]
"""Method, URL and the options of the client."""
NEW_PASSWORD = "another horse battery"
DRAFT = {"title": "T", "content": "C", "status": "published"}


class Scene:
    """Objects for one request: a user of its own, an admin, and their credentials."""

    def __init__(self, test_app: TestApp, root: Person, ada: Person, session: dict[str, str]) -> None:
        self.test_app = test_app
        self.root = root
        self.ada = ada
        self.session = session
        """Of Ada."""
        self.email = ada.user.email
        self.new_email = ""
        self.name = ""

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        async with self.test_app.client(options.pop("headers", self.session)) as client:
            return await client.request(method, url, **options)

    async def post(self) -> dict[str, Any]:
        made: dict[str, Any] = (await self.send("POST", "/api/v2/posts", json=DRAFT)).json()
        return made

    async def uid(self) -> str:
        return str((await self.send("GET", "/api/v2/me")).json()["id"])

    async def token(self, path: str, **body: str) -> str:
        """The token of the mail that a request leads to."""
        await self.send("POST", path, json=body, headers={})
        return token_of((await self.test_app.deliver())[-1])

    async def refresh_token(self) -> str:
        form = {"grant_type": "password", "username": self.email, "password": PASSWORD}
        return str((await self.send("POST", "/api/v2/auth/token", data=form, headers={})).json()["refresh_token"])

    def as_ada(self, **options: Any) -> dict[str, Any]:
        return {"headers": self.session, **options}

    def as_root(self, **options: Any) -> dict[str, Any]:
        return {"headers": self.root.headers, **options}


async def v1_register(scene: Scene) -> Request:
    return "POST", "/api/v1/auth/register", {"json": {"email": scene.new_email, "password": PASSWORD, "name": "N"}}


async def v1_verify(scene: Scene) -> Request:
    email = scene.new_email
    token = await scene.token("/api/v1/auth/register", email=email, password=PASSWORD, name="N")
    return "POST", "/api/v1/auth/verify", {"json": {"email": email, "token": token}}


async def v1_login(scene: Scene) -> Request:
    return "POST", "/api/v1/auth/login", {"data": {"username": scene.email, "password": PASSWORD}}


async def v1_refresh(scene: Scene) -> Request:
    return "POST", "/api/v1/auth/refresh", {"json": {"refresh_token": await scene.refresh_token()}}


async def v1_create_post(scene: Scene) -> Request:
    return "POST", "/api/v1/posts", scene.as_ada(json={"title": "T", "content": "C"})


async def v1_update_post(scene: Scene) -> Request:
    return "PUT", f"/api/v1/posts/{(await scene.post())['v1_id']}", scene.as_ada(json={"title": "N"})


async def v1_delete_post(scene: Scene) -> Request:
    return "DELETE", f"/api/v1/posts/{(await scene.post())['v1_id']}", scene.as_ada()


async def v1_view_post(scene: Scene) -> Request:
    return "GET", f"/api/v1/posts/{(await scene.post())['v1_id']}", scene.as_ada()


async def v1_create_user(scene: Scene) -> Request:
    body = {"email": scene.new_email, "password": PASSWORD, "full_name": "N"}
    return "POST", "/api/v1/users", scene.as_root(json=body)


async def v1_update_user(scene: Scene) -> Request:
    return "PUT", f"/api/v1/users/{scene.ada.user.id}", scene.as_ada(json={"full_name": scene.name})


async def v1_delete_user(scene: Scene) -> Request:
    return "DELETE", f"/api/v1/users/{scene.ada.user.id}", scene.as_ada()


async def v1_delete_as_admin(scene: Scene) -> Request:
    return "DELETE", f"/api/v1/admin/users/{scene.ada.user.id}", scene.as_root()


async def v2_register(scene: Scene) -> Request:
    body = {"email": scene.new_email, "password": PASSWORD, "display_name": "N"}
    return "POST", "/api/v2/auth/registrations", {"json": body}


async def v2_register_again(scene: Scene) -> Request:
    body = {"email": scene.email, "password": PASSWORD, "display_name": "N"}
    return "POST", "/api/v2/auth/registrations", {"json": body}


async def v2_verify(scene: Scene) -> Request:
    body = {"email": scene.new_email, "password": PASSWORD, "display_name": "N"}
    return (
        "POST",
        "/api/v2/auth/verifications",
        {"json": {"token": await scene.token("/api/v2/auth/registrations", **body)}},
    )


async def v2_resend(scene: Scene) -> Request:
    other = await scene.test_app.person(scene.new_email, verified=False)
    return "POST", "/api/v2/auth/verifications/resend", {"json": {"email": other.user.email}}


async def v2_request_reset(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/password-resets", {"json": {"email": scene.email}}


async def v2_confirm_reset(scene: Scene) -> Request:
    token = await scene.token("/api/v2/auth/password-resets", email=scene.email)
    return "POST", "/api/v2/auth/password-resets/confirm", {"json": {"token": token, "password": NEW_PASSWORD}}


async def v2_reauthenticate(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/reauthentications", scene.as_ada(json={"password": PASSWORD})


async def v2_revoke(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/revoke", {"data": {"token": await scene.refresh_token()}}


async def v2_delete_session(scene: Scene) -> Request:
    await scene.refresh_token()
    newest = (await scene.send("GET", "/api/v2/auth/sessions")).json()["data"][0]["id"]
    return "DELETE", f"/api/v2/auth/sessions/{newest}", scene.as_ada()


async def v2_sign_in(scene: Scene) -> Request:
    form = {"grant_type": "password", "username": scene.email, "password": PASSWORD}
    return "POST", "/api/v2/auth/token", {"data": form}


async def v2_refresh(scene: Scene) -> Request:
    form = {"grant_type": "refresh_token", "refresh_token": await scene.refresh_token()}
    return "POST", "/api/v2/auth/token", {"data": form}


async def v2_update_me(scene: Scene) -> Request:
    return "PATCH", "/api/v2/me", scene.as_ada(json={"display_name": scene.name})


async def v2_set_password(scene: Scene) -> Request:
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    return "PUT", "/api/v2/me/password", scene.as_ada(json=body)


async def v2_create_post(scene: Scene) -> Request:
    return "POST", "/api/v2/posts", scene.as_ada(json=DRAFT)


async def v2_batch(scene: Scene) -> Request:
    return "POST", "/api/v2/posts/batch", scene.as_ada(json={"operations": await _operations(scene)})


async def v2_atomic_batch(scene: Scene) -> Request:
    body = {"operations": await _operations(scene), "atomic": True}
    return "POST", "/api/v2/posts/batch", scene.as_ada(json=body)


async def _operations(scene: Scene) -> list[dict[str, Any]]:
    first, second = (await scene.post())["id"], (await scene.post())["id"]
    return [
        {"op": "create", "post": DRAFT},
        {"op": "update", "id": first, "patch": {"title": "N"}},
        {"op": "delete", "id": second},
    ]


async def v2_update_post(scene: Scene) -> Request:
    return "PATCH", f"/api/v2/posts/{(await scene.post())['id']}", scene.as_ada(json={"title": "N"})


async def v2_delete_post(scene: Scene) -> Request:
    return "DELETE", f"/api/v2/posts/{(await scene.post())['id']}", scene.as_ada()


async def v2_view_post(scene: Scene) -> Request:
    return "POST", f"/api/v2/posts/{(await scene.post())['id']}/views", scene.as_ada()


async def v2_update_user(scene: Scene) -> Request:
    return "PATCH", f"/api/v2/users/{await scene.uid()}", scene.as_root(json={"display_name": scene.name})


async def v2_delete_user(scene: Scene) -> Request:
    return "DELETE", f"/api/v2/users/{await scene.uid()}", scene.as_root()


async def v2_set_roles(scene: Scene) -> Request:
    return "PUT", f"/api/v2/users/{await scene.uid()}/roles", scene.as_root(json={"roles": ["moderator"]})


WRITES: list[tuple[str, str, Callable[[Scene], Awaitable[Request]]]] = [
    ("v1", "auth.register", v1_register),
    ("v1", "auth.verify", v1_verify),
    ("v1", "auth.login", v1_login),
    ("v1", "auth.refresh", v1_refresh),
    ("v1", "posts.create", v1_create_post),
    ("v1", "posts.update", v1_update_post),
    ("v1", "posts.delete", v1_delete_post),
    ("v1", "posts.get", v1_view_post),
    ("v1", "users.create", v1_create_user),
    ("v1", "users.update", v1_update_user),
    ("v1", "users.delete", v1_delete_user),
    ("v1", "admin.delete_user", v1_delete_as_admin),
    ("v2", "registrations.create", v2_register),
    ("v2", "registrations.create", v2_register_again),
    ("v2", "verifications.create", v2_verify),
    ("v2", "verifications.resend", v2_resend),
    ("v2", "password_resets.create", v2_request_reset),
    ("v2", "password_resets.confirm", v2_confirm_reset),
    ("v2", "reauthentications.create", v2_reauthenticate),
    ("v2", "tokens.revoke", v2_revoke),
    ("v2", "sessions.delete", v2_delete_session),
    ("v2", "tokens.create", v2_sign_in),
    ("v2", "tokens.create", v2_refresh),
    ("v2", "me.update", v2_update_me),
    ("v2", "me.set_password", v2_set_password),
    ("v2", "posts.create", v2_create_post),
    ("v2", "posts.batch", v2_batch),
    ("v2", "posts.batch", v2_atomic_batch),
    ("v2", "posts.update", v2_update_post),
    ("v2", "posts.delete", v2_delete_post),
    ("v2", "posts.view", v2_view_post),
    ("v2", "users.update", v2_update_user),
    ("v2", "users.delete", v2_delete_user),
    ("v2", "users.set_roles", v2_set_roles),
]
"""Version, operation, and a function that builds a valid request for it."""
ENDS_A_USER = {
    "users.delete",
    "admin.delete_user",
    "password_resets.confirm",
    "me.set_password",
    "tokens.revoke",
    "sessions.delete",
}
"""Operations whose success ends the sessions of the user; later requests need another one."""


async def scene_of(test_app: TestApp, root: Person, number: int) -> Scene:
    ada = await test_app.person(f"ada{number}@example.com")
    return Scene(test_app, root, ada, await test_app.session(ada))
