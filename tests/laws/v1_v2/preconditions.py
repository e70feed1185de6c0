"""Entity tags and idempotency keys of v2 stay correct while v1 writes."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok, revision
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import fixed, law
from tests.laws.v1_v2.posts import write
from tests.laws.v1_v2.strategies import DRAFTS, POST_EDITS, STATUSES, Draft, post_edit_of_v2
from tests.laws.v1_v2.tables.fields import POST

_EDITS_OF_A_USER: Final = st.fixed_dictionaries({}, optional={"full_name": st.sampled_from(["Bob", "New"])})


@law(draft=DRAFTS, status=STATUSES, edit=POST_EDITS, view=st.booleans())
def an_edit_through_v1_invalidates_a_tag(
    harness: VersionsHarness, draft: Draft, status: str, edit: dict[str, Any], *, view: bool
) -> None:
    """An edit by v1 invalidates a tag for v2; a view by v1, or an edit without effect, does not."""
    written = write(harness, harness.ada, draft, status=status)
    if view:
        ok(harness.ada.v1.get(written.old))
    before = ok(harness.ada.v2.get(written.new))
    tag: Mapping[str, str] = {"If-Match": before.headers["ETag"]}
    ok(harness.ada.v1.put(written.old, edit))
    changes = {k: v for k, v in post_edit_of_v2(edit, status).items() if before.json()[k] != v}
    after = ok(harness.ada.v2.get(written.new))
    assert (revision(after) != revision(before)) == bool(changes)
    cached = harness.ada.v2.call("GET", written.new, headers={"If-None-Match": before.headers["ETag"]})
    assert cached.status_code == (200 if changes else 304)
    ok(harness.ada.v1.get(written.old))
    viewed = harness.ada.v2.call("GET", written.new, headers={"If-None-Match": after.headers["ETag"]})
    assert viewed.status_code == 200, "a counted view changes the representation"
    for act in (
        lambda: harness.ada.v2.patch(written.new, {"title": "Mine"}, headers=tag),
        lambda: harness.ada.v2.delete(written.new, headers=tag),
    ):
        with harness.rolled_back():
            response = act()
            assert response.status_code in ({412} if changes else {200, 204})
            shown = harness.ada.v2.get(written.new)
        if changes:
            assert response.json()["code"] == "precondition_failed"
            assert shown.headers["ETag"] != before.headers["ETag"]
            assert revision(shown) == revision(after), "a rejected request changed the post"
    ok(harness.ada.v2.patch(written.new, {"title": "Mine"}, headers={"If-Match": after.headers["ETag"]}))


@law(0.4, edit=_EDITS_OF_A_USER)
def an_edit_of_a_user_invalidates_a_tag(harness: VersionsHarness, edit: dict[str, Any]) -> None:
    """For all operations of v2 that accept a precondition."""
    place = f"/users/{harness.bob.name}"
    before = ok(harness.bob.v2.get("/me"))
    assert revision(before) == revision(ok(harness.admin.v2.get(place)))
    tag = {"If-Match": before.headers["ETag"]}
    ok(harness.bob.v1.put(f"/users/{harness.bob.number}", edit))
    changed = edit.get("full_name", "Bob") != "Bob"
    for act in (
        lambda: harness.bob.v2.patch("/me", {"display_name": "Mine"}, headers=tag),
        lambda: harness.admin.v2.patch(place, {"display_name": "Mine"}, headers=tag),
        lambda: harness.admin.v2.call("PUT", f"{place}/roles", json={"roles": ["reader"]}, headers=tag),
        lambda: harness.admin.v2.delete(place, headers=tag),
    ):
        with harness.rolled_back():
            response = act()
            assert response.is_success != changed
            assert not changed or (response.status_code, response.json()["code"]) == (412, "precondition_failed")
            if response.status_code == 200:
                assert response.headers["ETag"] == ok(harness.admin.v2.get(place)).headers["ETag"]


@law(0.4, draft=DRAFTS, times=st.integers(2, 3))
def a_repeated_write_creates_one_post(harness: VersionsHarness, draft: Draft, times: int) -> None:
    """One key creates one post and one event; without a key every request creates one."""
    head = {"Idempotency-Key": '"once"'}
    responses = [ok(harness.ada.v2.post("/posts", draft.v2, headers=head)) for _ in range(times)]
    assert all(response.json() == responses[0].json() for response in responses)
    assert [response.headers.get("Idempotent-Replayed") for response in responses] == [None, *["true"] * (times - 1)]
    (listed,) = ok(harness.ada.v1.get("/posts", author_id=harness.ada.number)).json()["items"]
    assert POST.from_v1(harness, listed) == POST.from_v2(harness, responses[0].json())
    other = harness.ada.v2.post("/posts", draft.v2 | {"title": "other"}, headers=head)
    assert other.status_code == (201 if draft.title == "other" else 422)
    ok(harness.ada.v1.post("/posts", draft.v1))
    ok(harness.ada.v2.post("/posts", draft.v2))
    assert ok(harness.ada.v1.get("/posts", author_id=harness.ada.number)).json()["total"] == 3


@fixed
def a_location_leads_to_the_post(harness: VersionsHarness) -> None:
    """``Location`` and ``ETag`` of a created post are those of the read."""
    created = ok(harness.ada.v2.post("/posts", {"title": "T", "content": "c"}))
    read = ok(harness.ada.v2.call("GET", created.headers["Location"].removeprefix("/api/v2")))
    assert (read.json(), read.headers["ETag"]) == (created.json(), created.headers["ETag"])
    changed = ok(harness.ada.v2.patch(f"/posts/{created.json()['id']}", {"title": "U"}))
    read = ok(harness.ada.v2.get(f"/posts/{created.json()['id']}"))
    assert (read.json(), read.headers["ETag"]) == (changed.json(), changed.headers["ETag"])
    agree(harness, harness.ada.v1.put(f"/posts/{created.json()['v1_id']}", {}), read, POST)
