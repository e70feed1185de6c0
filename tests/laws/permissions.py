"""Rights: both versions take the same decision on every operation, for every caller and every state."""

from collections.abc import Callable, Mapping
from typing import Final

import httpx2
from hypothesis import strategies as st

from app.access.principal import Role
from tests.laws.agreement import agree, ok
from tests.laws.harness import Caller, Stage
from tests.laws.law import fixed, law
from tests.laws.posts import Written, write
from tests.laws.strategies import Draft
from tests.laws.tables.failures import FAILURES, words
from tests.laws.tables.fields import POST, USER

STATES: Final = ("draft", "published", "archived", "removed")
Act = Callable[[Caller, Written], httpx2.Response]

POST_ACTS: Final[Mapping[str, tuple[Act, Act]]] = {
    "view": (lambda who, post: who.v1.get(post.old), lambda who, post: who.v2.post(f"{post.new}/views")),
    "edit": (
        lambda who, post: who.v1.put(post.old, {"title": "Mine"}),
        lambda who, post: who.v2.patch(post.new, {"title": "Mine"}),
    ),
    "edit nothing": (lambda who, post: who.v1.put(post.old, {}), lambda who, post: who.v2.patch(post.new, {})),
    "publish": (
        lambda who, post: who.v1.put(post.old, {"published": True}),
        lambda who, post: who.v2.patch(post.new, {"status": "published"}),
    ),
    "delete": (lambda who, post: who.v1.delete(post.old), lambda who, post: who.v2.delete(post.new)),
}

ACCOUNT_ACTS: Final[Mapping[str, tuple[Callable[[Caller, Caller], httpx2.Response], ...]]] = {
    "read": (
        lambda who, whom: who.v1.get(f"/users/{whom.number}"),
        lambda who, whom: who.v2.get(f"/users/{whom.name}"),
    ),
    "rename": (
        lambda who, whom: who.v1.put(f"/users/{whom.number}", {"full_name": "New"}),
        lambda who, whom: who.v2.patch(f"/users/{whom.name}", {"display_name": "New"}),
    ),
    "edit nothing": (
        lambda who, whom: who.v1.put(f"/users/{whom.number}", {}),
        lambda who, whom: who.v2.patch(f"/users/{whom.name}", {}),
    ),
    "move": (
        lambda who, whom: who.v1.put(f"/users/{whom.number}", {"email": "moved@example.com"}),
        lambda who, whom: who.v2.patch(f"/users/{whom.name}", {"email": "moved@example.com"}),
    ),
    "deactivate": (
        lambda who, whom: who.v1.put(f"/users/{whom.number}", {"is_active": False}),
        lambda who, whom: who.v2.patch(f"/users/{whom.name}", {"is_active": False}),
    ),
    "delete": (
        lambda who, whom: who.v1.delete(f"/users/{whom.number}"),
        lambda who, whom: who.v2.delete(f"/users/{whom.name}"),
    ),
}


@fixed
def posts(stage: Stage) -> None:
    """Every caller, every state, every operation: the same answer, and the same effect."""
    outcomes: dict[tuple[str, str, str], int] = {}
    for state in STATES:
        post = write(stage, stage.ada, Draft("T", "c", published=False), status=None if state == "removed" else state)
        if state == "removed":
            ok(stage.ada.v2.delete(post.new))
        for who in stage.cast:
            for name, (by_v1, by_v2) in POST_ACTS.items():
                answers, shown = [], []
                for act in (by_v1, by_v2):
                    with stage.scene():
                        answers.append(act(who, post))
                        after = stage.admin.v2.get(post.new)
                        shown.append((after.status_code, {k: v for k, v in after.json().items() if k in _CHANGING}))
                old, new = answers
                assert shown[0] == shown[1], (who, state, name)
                agree(stage, old, new)
                outcomes[who.label, state, name] = new.status_code
            read = who.v2.get(post.new)
            batch = who.v1.post("/posts/batch", {"ids": [int(post.old.rpartition("/")[2])]})
            assert read.is_success == batch.is_success or read.status_code == batch.status_code
            with stage.scene():
                agree(stage, who.v1.get(post.old), read)
    assert len(outcomes) == len(STATES) * len(stage.cast) * len(POST_ACTS)
    assert outcomes["mona", "published", "delete"] == 204
    assert outcomes["mona", "draft", "delete"] == 404
    assert outcomes["root", "archived", "delete"] == 204
    assert outcomes["root", "archived", "edit"] == 403
    assert outcomes["stranger", "published", "edit"] == 401
    assert outcomes["nina", "published", "edit"] == 403


_CHANGING: Final = ("title", "status", "view_count", "code")


@fixed
def writing(stage: Stage) -> None:
    """Who may write a post at all, and who may make accounts."""
    for who in stage.cast:
        with stage.scene():
            old = who.v1.post("/posts", {"title": "T", "content": "c"})
        agree(stage, old, who.v2.post("/posts", {"title": "T", "content": "c"}))
        nobody = who.v1.post("/users", {"email": "new@example.com", "password": "12345678", "full_name": "N"})
        assert nobody.is_success == (who is stage.admin)
        if not nobody.is_success:
            listed = who.v2.get("/users")
            assert (nobody.status_code, words(nobody)) == (
                listed.status_code,
                FAILURES[listed.json()["code"]].old_detail,
            )


@fixed
def lists(stage: Stage) -> None:
    """Every caller sees the same posts in every list, and can open what the list shows."""
    for author in (stage.ada, stage.bob):
        for state in STATES[:3]:
            write(stage, author, Draft(f"{state} stone", "c", published=False), status=state)
    for who in stage.cast:
        old, new = who.v1.get("/posts", page_size=100), who.v2.get("/posts", limit=100)
        agree(stage, old, new)
        agree(stage, who.v1.get("/search", query="stone"), who.v2.get("/search/posts", q="stone"))
        agree(stage, who.v1.get(f"/users/{stage.ada.number}/posts"), who.v2.get("/posts", author_id=stage.ada.name))
        if not old.is_success:
            continue
        seen = [POST.from_v1(stage, item) for item in old.json()["items"]]
        assert seen == [POST.from_v2(stage, item) for item in new.json()["data"]]
        hidden = {stage.ada: 2, stage.bob: 2, stage.admin: 0}.get(who, 4)
        assert len(seen) == 6 - hidden
        for item in new.json()["data"]:
            assert ok(who.v2.get(f"/posts/{item['id']}")).json() == item


@fixed
def accounts(stage: Stage) -> None:
    """Every caller, every account, every operation: the same answer, and the same effect."""
    gone = stage.person("gone", Role.AUTHOR)
    ok(stage.admin.v2.delete(f"/users/{gone.name}"))
    for whom in (stage.ada, stage.admin, stage.narrow, gone):
        for who in (*stage.cast, gone):
            for name, acts in ACCOUNT_ACTS.items():
                answers, shown = [], []
                for act in acts:
                    with stage.scene():
                        answers.append(act(who, whom))
                        after = stage.other_admin.v2.get(f"/users/{whom.name}")
                        kept = ("display_name", "email", "is_active", "code")
                        shown.append((after.status_code, {k: v for k, v in after.json().items() if k in kept}))
                old, new = answers
                assert shown[0] == shown[1], (who, whom, name)
                agree(stage, old, new, USER if name == "read" else None)
            with stage.scene():
                removed = who.v1.delete(f"/admin/users/{whom.number}")
            with stage.scene():
                own = who.v2.delete(f"/users/{whom.name}")
            if who is whom and who in (stage.ada, stage.narrow):
                assert own.status_code == (204 if who is stage.ada else 403)
                assert removed.status_code == 403, "at /admin even one's own account is an admin's to remove"
            else:
                agree(stage, removed, own)
    for who in (*stage.cast, gone):
        agree(stage, who.v1.get("/users"), who.v2.get("/users"))
        agree(stage, who.v1.get("/users/paginated"), who.v2.get("/users"))
        agree(stage, who.v1.get("/users/me"), who.v2.get("/me"), USER)
        agree(stage, who.v1.get("/auth/me"), who.v2.get("/me"))


@law(0.5, roles=st.lists(st.sampled_from(list(Role)), min_size=1, max_size=4, unique=True))
def roles_given_by_v2_hold_in_v1(stage: Stage, roles: list[Role]) -> None:
    """From the next request on, in both."""
    post = write(stage, stage.ada, Draft("T", "c", published=True))
    given = ok(stage.admin.v2.call("PUT", f"/users/{stage.bob.name}/roles", json={"roles": roles})).json()
    assert given["roles"] == [role.value for role in Role if role in roles]
    assert ok(stage.admin.v2.get(f"/users/{stage.bob.name}")).json() == given
    allowed = set(ok(stage.bob.v2.get("/me/permissions")).json()["permissions"])
    for permission, old, new in (
        ("users:read", stage.bob.v1.get("/users"), stage.bob.v2.get("/users")),
        ("posts:write", stage.bob.v1.post("/posts", {"title": "T", "content": ""}), None),
        ("posts:moderate", stage.bob.v1.delete(post.old), None),
    ):
        assert old.is_success == (permission in allowed), permission
        if new is not None:
            agree(stage, old, new)
