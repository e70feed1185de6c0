"""``If-Match`` in each form that clients and proxies send, for every operation that takes it."""

from typing import Any

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import Person, TestApp
from versions.kit.typeid import encode

POST = {"title": "T", "content": "C"}
ACCEPTED = {
    "no precondition": None,
    "any": "*",
    "any with spaces": " * ",
    "the tag": "{tag}",
    "weakened by a proxy": "W/{tag}",
    "suffixed by a proxy": "{gzip}",
    "one of several": '"other", {tag}',
}
REJECTED = {
    "another revision": "{stale}",
    "another resource": "{foreign}",
    "the revision alone": '"1"',
    "no tag": "tag",
    "an asterisk in quotes": '"*"',
    "empty list": ",",
}


def header(form: str | None, tag: str, foreign: str) -> dict[str, str]:
    if form is None:
        return {}
    revision, _, rest = tag.strip('"').partition("-")
    stale = f'"{int(revision) + 1}-{rest}"'
    return {"If-Match": form.format(tag=tag, gzip=f'{tag[:-1]}-gzip"', stale=stale, foreign=foreign)}


def operations(post: str, user: str) -> dict[str, tuple[str, str, dict[str, Any], str, str]]:
    """Method, path, body, and the paths of the resource and of another one; deletions last."""
    me, users, posts = "/api/v2/me", f"/api/v2/users/{user}", f"/api/v2/posts/{post}"
    return {
        "posts.update": ("PATCH", posts, {"json": {"title": "N"}}, posts, me),
        "me.update": ("PATCH", me, {"json": {"display_name": "N"}}, me, users),
        "users.update": ("PATCH", users, {"json": {"display_name": "N"}}, users, me),
        "users.set_roles": ("PUT", f"{users}/roles", {"json": {"roles": ["moderator"]}}, users, me),
        "posts.delete": ("DELETE", posts, {}, posts, me),
        "users.delete": ("DELETE", users, {}, users, me),
    }


async def scene(test_app: TestApp) -> tuple[Person, str, str]:
    """An admin, the id of a post of the admin, and the id of another user."""
    root = await test_app.person("root@example.com", Role.ADMIN, Role.AUTHOR)
    eve = await test_app.person("eve@example.com")
    async with test_app.client(root.headers) as client:
        made: httpx2.Response = await client.post("/api/v2/posts", json=POST)
    return root, made.json()["id"], encode("usr", eve.user.uid)


@pytest.mark.parametrize("operation", operations("", ""))
async def test_which_preconditions_reject_a_change(test_app: TestApp, operation: str) -> None:
    root, post, user = await scene(test_app)
    method, path, options, resource, other = operations(post, user)[operation]
    async with test_app.client(root.headers) as client:

        async def tag(path: str) -> str:
            return str((await client.get(path)).headers["ETag"])

        for name, form in REJECTED.items():
            headers = header(form, await tag(resource), await tag(other))
            rejected = await client.request(method, path, headers=headers, **options)
            assert (rejected.status_code, rejected.json()["code"]) == (412, "precondition_failed"), name
        for name, accepted_form in ACCEPTED.items():
            headers = header(accepted_form, await tag(resource), await tag(other))
            accepted = await client.request(method, path, headers=headers, **options)
            assert accepted.status_code == (204 if method == "DELETE" else 200), name
            if method == "DELETE":
                return
