"""Permissions: what tables of outcomes cannot enumerate. `tests/truth` has the outcome for every caller and state."""

from typing import Final

from hypothesis import strategies as st

from app.access.principal import Role
from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import fixed, law
from tests.laws.v1_v2.posts import write
from tests.laws.v1_v2.strategies import Draft
from tests.laws.v1_v2.tables.fields import POST

STATES: Final = ("draft", "published", "archived")


@fixed
def lists(harness: VersionsHarness) -> None:
    """Every caller gets the same posts in every list, and can read each of them."""
    for author in (harness.ada, harness.bob):
        for state in STATES:
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
