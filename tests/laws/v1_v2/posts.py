"""Posts: what one version writes, the other reads, and writing it back changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok, revision, without_times
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import DRAFTS, POST_EDITS, STATUSES, VERSIONS, Draft, post_edit_of_v2
from tests.laws.v1_v2.tables.fields import POST


@dataclass(frozen=True)
class Written:
    """The paths of a post in both versions."""

    old: str
    new: str


def write(
    harness: VersionsHarness, author: Caller, draft: Draft, version: str = "v2", status: str | None = None
) -> Written:
    """Create a post through one version; v2 sets its status."""
    if version == "v1":
        number = ok(author.v1.post("/posts", draft.v1)).json()["id"]
    else:
        number = ok(author.v2.post("/posts", draft.v2)).json()["v1_id"]
    written = Written(f"/posts/{number}", f"/posts/{harness.name_of_post(number)}")
    if status is not None:
        shown = ok(author.v2.patch(written.new, {"status": status})).json()
        assert (shown["title"], shown["content"], shown["status"]) == (draft.title, draft.content, status)
    return written


def effect(harness: VersionsHarness, written: Written, act: Callable[[], httpx2.Response]) -> dict[str, Any]:
    """The post in v2 and the events after a request, which is then rolled back."""
    with harness.rolled_back():
        before = len(harness.events())
        response = act()
        seen = harness.ada.v2.get(written.new)
        events = harness.events()[before:]
    outcome: dict[str, Any] = {"success": response.is_success, "events": events, "status": seen.status_code}
    if seen.is_success:
        outcome |= {"revision": revision(seen)}
        outcome |= {name: value for name, value in seen.json().items() if not name.endswith("_at")}
        outcome |= {"dated": seen.json()["published_at"] is not None}
    return outcome


@law(draft=DRAFTS, version=VERSIONS, statuses=st.lists(STATUSES, max_size=3))
def a_post_reads_alike(harness: VersionsHarness, draft: Draft, version: str, statuses: list[str]) -> None:
    """In every status, from every operation that returns it."""
    ada = harness.ada
    response = ok(ada.v1.post("/posts", draft.v1) if version == "v1" else ada.v2.post("/posts", draft.v2))
    number = response.json()["id" if version == "v1" else "v1_id"]
    name = harness.name_of_post(number)
    shared = POST.from_v1(harness, response.json()) if version == "v1" else POST.from_v2(harness, response.json())
    assert (shared["title"], shared["content"], shared["published"]) == (draft.title, draft.content, draft.published)
    assert (shared["author_id"], shared["view_count"]) == (ada.number, 0)
    published_at = ok(ada.v2.get(f"/posts/{name}")).json()["published_at"]
    assert (published_at is not None) == draft.published
    for status in [None, *statuses]:
        if status is not None:
            changed = ok(ada.v2.patch(f"/posts/{name}", {"status": status})).json()
            shared = POST.from_v2(harness, changed)
            assert published_at in (None, changed["published_at"]), "published_at changed after the first publication"
            published_at = changed["published_at"]
            assert published_at is not None or status != "published"
        read = ok(ada.v2.get(f"/posts/{name}"))
        assert POST.from_v2(harness, read.json()) == shared
        (listed,) = ok(ada.v1.get("/posts", author_id=ada.number)).json()["items"]
        assert POST.from_v1(harness, listed) == shared
        (listed,) = ok(ada.v1.get(f"/users/{ada.number}/posts")).json()
        assert POST.from_v1(harness, listed) == shared
        (found,) = ok(ada.v1.post("/posts/batch", {"ids": [number]})).json()
        assert POST.from_v1(harness, found) == shared
        (listed,) = ok(ada.v2.get("/posts", author_id=ada.name)).json()["data"]
        assert listed == read.json()
        viewed = ok(ada.v1.get(f"/posts/{number}"))
        shared = shared | {"view_count": shared["view_count"] + 1}
        assert POST.from_v1(harness, viewed.json()) == shared


@law(draft=DRAFTS, version=VERSIONS, status=STATUSES)
def writing_back_changes_nothing(harness: VersionsHarness, draft: Draft, version: str, status: str) -> None:
    """Neither revision, time nor events change; ADR 2 explains archived posts."""
    ada = harness.ada
    written = write(harness, ada, draft, version, status)
    read = ok(ada.v1.get(written.old)).json()
    before, tag = ok(ada.v2.get(written.new)).json(), ada.v2.get(written.new).headers["ETag"]
    events = harness.events()
    for fields in (("title", "content", "published"), ("title",), ("content",), ("published",), ()):
        again = ok(ada.v1.put(written.old, {name: read[name] for name in fields}))
        assert again.json() == read
        after = ok(ada.v2.get(written.new))
        assert (after.json(), after.headers["ETag"]) == (before, tag)
    for fields in (("title", "content", "status"), ("title",), ("content",), ("status",), ()):
        back = ok(ada.v2.patch(written.new, {name: before[name] for name in fields}))
        assert (back.json(), revision(back)) == (before, revision(after))
        (listed,) = ok(ada.v1.get("/posts", author_id=ada.number)).json()["items"]
        assert listed == read
    assert harness.events() == events


@law(draft=DRAFTS, status=STATUSES, edit=POST_EDITS)
def the_same_edit_means_the_same(harness: VersionsHarness, draft: Draft, status: str, edit: dict[str, Any]) -> None:
    """Both versions and the events show the same edit, and nothing else changes."""
    written = write(harness, harness.ada, draft, status=status)
    before = ok(harness.ada.v2.get(written.new)).json()
    patch = post_edit_of_v2(edit, status)
    old = effect(harness, written, lambda: ok(harness.ada.v1.put(written.old, edit)))
    new = effect(harness, written, lambda: ok(harness.ada.v2.patch(written.new, patch)))
    assert old == new
    untouched = {"v1_id", "id", "author_id", "title", "content", "status", "view_count"} - set(patch)
    assert {name: new[name] for name in untouched} == {name: before[name] for name in untouched}
    assert {name: new[name] for name in patch} == patch
    response = ok(harness.ada.v1.put(written.old, edit)).json()
    agree(harness, ok(harness.ada.v1.post("/posts/batch", {"ids": [response["id"]]})), _listed(harness, written))
    shown = ok(harness.ada.v2.get(written.new)).json()
    assert POST.from_v1(harness, response) == POST.from_v2(harness, shown)
    assert shown["created_at"] == before["created_at"]


def _listed(harness: VersionsHarness, written: Written) -> httpx2.Response:
    return ok(harness.ada.v2.get(written.new))


@law(draft=DRAFTS)
def the_same_draft_means_the_same(harness: VersionsHarness, draft: Draft) -> None:
    """Both versions and the events show the same post."""
    seen = []
    for version in ("v1", "v2"):
        with harness.rolled_back():
            written = write(harness, harness.ada, draft, version)
            shown = ok(harness.ada.v2.get(written.new))
            events = [(kind, payload) for kind, _, payload in harness.events()]
            shared = without_times(POST.from_v2(harness, shown.json()))
            assert shown.json()["created_at"] == shown.json()["updated_at"]
            assert shown.json()["published_at"] == (shown.json()["created_at"] if draft.published else None)
            seen.append((shared | {"id": None}, shown.json()["status"], revision(shown), events))
    assert seen[0] == seen[1]
    assert seen[0][1] == draft.v2["status"]


@law(0.4, draft=DRAFTS, status=STATUSES, version=VERSIONS)
def removal_means_the_same(harness: VersionsHarness, draft: Draft, status: str, version: str) -> None:
    """A post deleted through one version does not exist in the other."""
    written = write(harness, harness.ada, draft, version, status)
    old = effect(harness, written, lambda: ok(harness.ada.v1.delete(written.old)))
    new = effect(harness, written, lambda: ok(harness.ada.v2.delete(written.new)))
    assert old == new
    assert old["status"] == 404
    ok(harness.ada.v1.delete(written.old) if version == "v1" else harness.ada.v2.delete(written.new))
    agree(harness, harness.ada.v1.get(written.old), harness.ada.v2.get(written.new))
    agree(harness, harness.ada.v1.put(written.old, {"title": "x"}), harness.ada.v2.patch(written.new, {"title": "x"}))
    agree(harness, harness.ada.v1.delete(written.old), harness.ada.v2.delete(written.new))


@law(0.4, status=STATUSES, draft=DRAFTS, views=st.lists(VERSIONS, max_size=4))
def a_read_of_v1_is_a_view_of_v2(harness: VersionsHarness, status: str, draft: Draft, views: list[str]) -> None:
    """A read of v1 counts a view; v2 counts one on request. A view is not an edit."""
    written = write(harness, harness.ada, draft, status=status)
    before = ok(harness.ada.v2.get(written.new))
    for count, version in enumerate(views, start=1):
        if version == "v1":
            assert ok(harness.ada.v1.get(written.old)).json()["view_count"] == count
        else:
            ok(harness.ada.v2.post(f"{written.new}/views"))
    after = ok(harness.ada.v2.get(written.new))
    assert after.json() == before.json() | {"view_count": len(views)}
    assert revision(after) == revision(before)


@law(0.6, statuses=st.lists(STATUSES, min_size=1, max_size=4), data=st.data())
def a_batch_read_equals_single_reads(harness: VersionsHarness, statuses: list[str], data: st.DataObject) -> None:
    """v1's batch returns all posts in the requested order, or names each that v2 does not show."""
    posts = [write(harness, harness.ada, Draft(f"P{n}", "", published=False), status=s) for n, s in enumerate(statuses)]
    numbers = [int(written.old.rpartition("/")[2]) for written in posts]
    requested = data.draw(st.lists(st.sampled_from([*numbers, 2**40]), min_size=1, max_size=6))
    viewer = data.draw(st.sampled_from([harness.ada, harness.bob, harness.admin, harness.stranger]))
    names = dict(zip(numbers, (written.new for written in posts), strict=True))
    single = {number: viewer.v2.get(name) for number, name in names.items()}
    hidden = [n for n in dict.fromkeys(requested) if n not in single or not single[n].is_success]
    response = viewer.v1.post("/posts/batch", {"ids": requested})
    if hidden:
        assert response.status_code == 400
        assert response.json() == {
            "error": "Multiple validation errors", "details": [f"Post {number} not found" for number in hidden]
        }  # fmt: skip
        return
    shown = [POST.from_v1(harness, post) for post in ok(response).json()]
    assert shown == [POST.from_v2(harness, single[number].json()) for number in requested]


@law(0.4, draft=DRAFTS, status=STATUSES, edit=POST_EDITS, atomic=st.booleans())
def a_batch_equals_its_operations(
    harness: VersionsHarness, draft: Draft, status: str, edit: dict[str, Any], *, atomic: bool
) -> None:
    """Each operation of a v2 batch has the response and the effect of the single request."""
    updated_post, deleted_post = (write(harness, harness.ada, draft, status=status) for _ in range(2))
    name, deleted_id = (written.new.rpartition("/")[2] for written in (updated_post, deleted_post))
    patch = post_edit_of_v2(edit, status)
    operations: list[dict[str, Any]] = [
        {"op": "create", "post": draft.v2},
        {"op": "update", "id": name, "patch": patch},
        {"op": "delete", "id": deleted_id},
    ]
    with harness.rolled_back():
        single = ok(harness.ada.v2.patch(updated_post.new, patch)).json()
    response = ok(harness.ada.v2.post("/posts/batch", {"operations": operations, "atomic": atomic}))
    created, updated, deleted = response.json()["results"]
    assert (created["status"], updated["status"], deleted["status"]) == (201, 200, 204)
    assert deleted["post"] is created["problem"] is updated["problem"] is deleted["problem"] is None
    assert {k: v for k, v in updated["post"].items() if not k.endswith("_at")} == {
        k: v for k, v in single.items() if not k.endswith("_at")
    }
    for shown in (created["post"], updated["post"]):
        viewed = ok(harness.ada.v1.post("/posts/batch", {"ids": [shown["v1_id"]]})).json()[0]
        assert POST.from_v1(harness, viewed) == POST.from_v2(harness, shown)
    assert harness.ada.v1.get(deleted_post.old).status_code == 404
    operations[0] = {"op": "delete", "id": deleted_id}
    again = harness.ada.v2.post("/posts/batch", {"operations": operations, "atomic": atomic})
    missing = harness.ada.v2.delete(deleted_post.new)
    problem = again.json() if atomic else again.json()["results"][0]["problem"]
    differing = {"instance", "request_id", "trace_id"}
    assert {k: v for k, v in problem.items() if k not in differing} == {
        k: v for k, v in missing.json().items() if k not in differing
    }
    assert (again.status_code if atomic else again.json()["results"][0]["status"]) == missing.status_code


_MEMBERS: Final = [*(field.new for field in POST.fields), *POST.only_new]


@law(0.5, draft=DRAFTS, fields=st.lists(st.sampled_from(_MEMBERS), unique=True))
def a_sparse_post_is_part_of_the_post(harness: VersionsHarness, draft: Draft, fields: list[str]) -> None:
    """v2's ``fields`` and ``include`` return the values that both versions show."""
    written = write(harness, harness.ada, draft, "v1")
    whole = ok(harness.ada.v2.get(written.new)).json()
    name = ok(harness.ada.v1.get("/users/me")).json()["full_name"]
    author = {"author": {"id": harness.ada.name, "display_name": name}}
    for chosen in (fields, [], _MEMBERS):
        for included in ({}, author):
            params = {"fields": ",".join(chosen)} if chosen else {}
            params |= {"include": "author"} if included else {}
            expected = {name: whole[name] for name in chosen or whole} | included
            assert ok(harness.ada.v2.get(written.new, **params)).json() == expected
            assert ok(harness.ada.v2.get("/posts", author_id=harness.ada.name, **params)).json()["data"] == [expected]
