"""Permissions: both versions decide alike for every operation, caller and state."""

from collections.abc import Callable, Mapping
from typing import Final

import httpx2
from hypothesis import strategies as st

from app.access.principal import Role
from tests.laws.agreement import agree, ok
from tests.laws.harness import Caller, VersionsHarness
from tests.laws.law import fixed, law
from tests.laws.posts import Written, write
from tests.laws.strategies import Draft
from tests.laws.tables.failures import FAILURES, detail_of
from tests.laws.tables.fields import POST, USER

STATES: Final = ("draft", "published", "archived", "removed")
Act = Callable[[Caller, Written], httpx2.Response]

POST_ACTS: Final[Mapping[str, tuple[Act, Act]]] = {
    "view": (lambda actor, post: actor.v1.get(post.old), lambda actor, post: actor.v2.post(f"{post.new}/views")),
    "edit": (
        lambda actor, post: actor.v1.put(post.old, {"title": "Mine"}),
        lambda actor, post: actor.v2.patch(post.new, {"title": "Mine"}),
    ),
    "edit nothing": (lambda actor, post: actor.v1.put(post.old, {}), lambda actor, post: actor.v2.patch(post.new, {})),
    "publish": (
        lambda actor, post: actor.v1.put(post.old, {"published": True}),
        lambda actor, post: actor.v2.patch(post.new, {"status": "published"}),
    ),
    "delete": (lambda actor, post: actor.v1.delete(post.old), lambda actor, post: actor.v2.delete(post.new)),
}

USER_ACTS: Final[Mapping[str, tuple[Callable[[Caller, Caller], httpx2.Response], ...]]] = {
    "read": (
        lambda actor, target: actor.v1.get(f"/users/{target.number}"),
        lambda actor, target: actor.v2.get(f"/users/{target.name}"),
    ),
    "rename": (
        lambda actor, target: actor.v1.put(f"/users/{target.number}", {"full_name": "New"}),
        lambda actor, target: actor.v2.patch(f"/users/{target.name}", {"display_name": "New"}),
    ),
    "edit nothing": (
        lambda actor, target: actor.v1.put(f"/users/{target.number}", {}),
        lambda actor, target: actor.v2.patch(f"/users/{target.name}", {}),
    ),
    "move": (
        lambda actor, target: actor.v1.put(f"/users/{target.number}", {"email": "moved@example.com"}),
        lambda actor, target: actor.v2.patch(f"/users/{target.name}", {"email": "moved@example.com"}),
    ),
    "deactivate": (
        lambda actor, target: actor.v1.put(f"/users/{target.number}", {"is_active": False}),
        lambda actor, target: actor.v2.patch(f"/users/{target.name}", {"is_active": False}),
    ),
    "delete": (
        lambda actor, target: actor.v1.delete(f"/users/{target.number}"),
        lambda actor, target: actor.v2.delete(f"/users/{target.name}"),
    ),
}


@fixed
def posts(harness: VersionsHarness) -> None:
    """Every caller, status and operation: the same response and the same effect."""
    outcomes: dict[tuple[str, str, str], int] = {}
    for state in STATES:
        post = write(
            harness, harness.ada, Draft("T", "c", published=False), status=None if state == "removed" else state
        )
        if state == "removed":
            ok(harness.ada.v2.delete(post.new))
        for actor in harness.callers:
            for name, (by_v1, by_v2) in POST_ACTS.items():
                responses, shown = [], []
                for act in (by_v1, by_v2):
                    with harness.rolled_back():
                        responses.append(act(actor, post))
                        after = harness.admin.v2.get(post.new)
                        shown.append((after.status_code, {k: v for k, v in after.json().items() if k in _CHANGING}))
                old, new = responses
                assert shown[0] == shown[1], (actor, state, name)
                agree(harness, old, new)
                outcomes[actor.label, state, name] = new.status_code
            read = actor.v2.get(post.new)
            batch = actor.v1.post("/posts/batch", {"ids": [int(post.old.rpartition("/")[2])]})
            assert read.is_success == batch.is_success or read.status_code == batch.status_code
            with harness.rolled_back():
                agree(harness, actor.v1.get(post.old), read)
    assert len(outcomes) == len(STATES) * len(harness.callers) * len(POST_ACTS)
    assert outcomes["mona", "published", "delete"] == 204
    assert outcomes["mona", "draft", "delete"] == 404
    assert outcomes["root", "archived", "delete"] == 204
    assert outcomes["root", "archived", "edit"] == 403
    assert outcomes["stranger", "published", "edit"] == 401
    assert outcomes["nina", "published", "edit"] == 403


_CHANGING: Final = ("title", "status", "view_count", "code")


@fixed
def writing(harness: VersionsHarness) -> None:
    """Creating posts and users."""
    for actor in harness.callers:
        with harness.rolled_back():
            old = actor.v1.post("/posts", {"title": "T", "content": "c"})
        agree(harness, old, actor.v2.post("/posts", {"title": "T", "content": "c"}))
        creation = actor.v1.post("/users", {"email": "new@example.com", "password": "12345678", "full_name": "N"})
        assert creation.is_success == (actor is harness.admin)
        if not creation.is_success:
            listed = actor.v2.get("/users")
            assert (creation.status_code, detail_of(creation)) == (
                listed.status_code,
                FAILURES[listed.json()["code"]].old_detail,
            )


@fixed
def lists(harness: VersionsHarness) -> None:
    """Every caller gets the same posts in every list, and can read each of them."""
    for author in (harness.ada, harness.bob):
        for state in STATES[:3]:
            write(harness, author, Draft(f"{state} stone", "c", published=False), status=state)
    for actor in harness.callers:
        old, new = actor.v1.get("/posts", page_size=100), actor.v2.get("/posts", limit=100)
        agree(harness, old, new)
        agree(harness, actor.v1.get("/search", query="stone"), actor.v2.get("/search/posts", q="stone"))
        agree(
            harness,
            actor.v1.get(f"/users/{harness.ada.number}/posts"),
            actor.v2.get("/posts", author_id=harness.ada.name),
        )
        if not old.is_success:
            continue
        seen = [POST.from_v1(harness, item) for item in old.json()["items"]]
        assert seen == [POST.from_v2(harness, item) for item in new.json()["data"]]
        hidden = {harness.ada: 2, harness.bob: 2, harness.admin: 0}.get(actor, 4)
        assert len(seen) == 6 - hidden
        for item in new.json()["data"]:
            assert ok(actor.v2.get(f"/posts/{item['id']}")).json() == item


@fixed
def users(harness: VersionsHarness) -> None:
    """Every caller, user and operation: the same response and the same effect."""
    deleted = harness.person("deleted", Role.AUTHOR)
    ok(harness.admin.v2.delete(f"/users/{deleted.name}"))
    for target in (harness.ada, harness.admin, harness.narrow, deleted):
        for actor in (*harness.callers, deleted):
            for name, acts in USER_ACTS.items():
                responses, shown = [], []
                for act in acts:
                    with harness.rolled_back():
                        responses.append(act(actor, target))
                        after = harness.other_admin.v2.get(f"/users/{target.name}")
                        compared = ("display_name", "email", "is_active", "code")
                        shown.append((after.status_code, {k: v for k, v in after.json().items() if k in compared}))
                old, new = responses
                assert shown[0] == shown[1], (actor, target, name)
                agree(harness, old, new, USER if name == "read" else None)
            with harness.rolled_back():
                removed = actor.v1.delete(f"/admin/users/{target.number}")
            with harness.rolled_back():
                own = actor.v2.delete(f"/users/{target.name}")
            if actor is target and actor in (harness.ada, harness.narrow):
                assert own.status_code == (204 if actor is harness.ada else 403)
                assert removed.status_code == 403, "only an admin may use /admin, even for the own user"
            else:
                agree(harness, removed, own)
    for actor in (*harness.callers, deleted):
        agree(harness, actor.v1.get("/users"), actor.v2.get("/users"))
        agree(harness, actor.v1.get("/users/paginated"), actor.v2.get("/users"))
        agree(harness, actor.v1.get("/users/me"), actor.v2.get("/me"), USER)
        agree(harness, actor.v1.get("/auth/me"), actor.v2.get("/me"))


@law(0.5, roles=st.lists(st.sampled_from(list(Role)), min_size=1, max_size=4, unique=True))
def roles_set_in_v2_apply_to_v1(harness: VersionsHarness, roles: list[Role]) -> None:
    """New roles apply from the next request on, in both versions."""
    post = write(harness, harness.ada, Draft("T", "c", published=True))
    given = ok(harness.admin.v2.call("PUT", f"/users/{harness.bob.name}/roles", json={"roles": roles})).json()
    assert given["roles"] == [role.value for role in Role if role in roles]
    assert ok(harness.admin.v2.get(f"/users/{harness.bob.name}")).json() == given
    allowed = set(ok(harness.bob.v2.get("/me/permissions")).json()["permissions"])
    for permission, old, new in (
        ("users:read", harness.bob.v1.get("/users"), harness.bob.v2.get("/users")),
        ("posts:write", harness.bob.v1.post("/posts", {"title": "T", "content": ""}), None),
        ("posts:moderate", harness.bob.v1.delete(post.old), None),
    ):
        assert old.is_success == (permission in allowed), permission
        if new is not None:
            agree(harness, old, new)
