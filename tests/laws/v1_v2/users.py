"""Users: what one version writes, the other reads."""

from collections.abc import Callable
from typing import Any

import httpx2
from hypothesis import strategies as st

from app.access.permissions import key_scopes
from app.access.principal import Role
from app.kit.mail.address import canonical_address
from tests.laws.v1_v2.agreement import agree, ok, revision
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import fixed, law
from tests.laws.v1_v2.strategies import ADDRESSES, NAMES, USER_EDITS, VERSIONS, user_edit_of_v2
from tests.laws.v1_v2.tables.fields import ME, USER
from tests.support.app import PASSWORD


def places(caller: Caller) -> tuple[str, str]:
    """The paths of a user in both versions."""
    return f"/users/{caller.number}", f"/users/{caller.name}"


def effect(harness: VersionsHarness, target: Caller, act: Callable[[], httpx2.Response]) -> dict[str, Any]:
    """The user in v2 and the events after a request, which is then rolled back."""
    old, new = places(target)
    with harness.rolled_back():
        before = len(harness.events())
        response = act()
        seen = harness.admin.v2.get(new)
        agree(harness, harness.admin.v1.get(old), seen, USER)
        agree(harness, target.v1.get("/auth/me"), target.v2.get("/me"), ME)
        outcome: dict[str, Any] = {
            "success": response.is_success,
            "events": harness.events()[before:],
            "user": seen.status_code,
            "own": target.v2.get("/me").status_code,
        }
        if seen.is_success:
            outcome |= {"revision": revision(seen)}
            outcome |= {name: value for name, value in seen.json().items() if name != "updated_at"}
        else:
            outcome |= {"problem": seen.json()["code"]}
    return outcome


@law(0.8, edit=USER_EDITS, version=VERSIONS)
def a_user_reads_alike(harness: VersionsHarness, edit: dict[str, Any], version: str) -> None:
    """For the user and for an admin, as a single resource and in lists, after any edit."""
    old, new = places(harness.bob)
    if version == "v1":
        changed = ok(harness.admin.v1.put(old, edit))
        assert USER.from_v1(harness, changed.json()) == USER.from_v2(harness, ok(harness.admin.v2.get(new)).json())
        assert {name: changed.json()[name] for name in edit} == _normalised(edit)
    else:
        patch = user_edit_of_v2(edit)
        changed = ok(harness.admin.v2.patch(new, patch))
        assert USER.from_v2(harness, changed.json()) == USER.from_v1(harness, ok(harness.admin.v1.get(old)).json())
        assert {name: changed.json()[name] for name in patch} == _normalised(patch)
    for viewer in (harness.bob, harness.admin):
        agree(harness, viewer.v1.get(old), viewer.v2.get(new), USER)
    agree(harness, harness.bob.v1.get("/users/me"), harness.bob.v2.get("/me"), USER)
    agree(harness, harness.bob.v1.get("/auth/me"), harness.bob.v2.get("/me"), ME)
    single = ok(harness.admin.v1.get(old)).json()
    assert single in ok(harness.admin.v1.get("/users")).json()
    assert single in ok(harness.admin.v1.get("/users/paginated")).json()["items"]
    assert ok(harness.admin.v2.get(new)).json() in ok(harness.admin.v2.get("/users", limit=100)).json()["data"]


def _normalised(edit: dict[str, Any]) -> dict[str, Any]:
    """An address is stored with its domain in lower case."""
    if "email" not in edit:
        return edit
    local, _, domain = edit["email"].partition("@")
    return edit | {"email": f"{local}@{domain.lower()}"}


@law(0.5, role=st.sampled_from(list(Role)), verified=st.booleans())
def a_user_with_any_role_reads_alike(harness: VersionsHarness, role: Role, *, verified: bool) -> None:
    """With any role, verified or not."""
    caller = harness.person("newcomer", role, verified=verified)
    agree(harness, caller.v1.get("/auth/me"), caller.v2.get("/me"), ME)
    agree(harness, caller.v1.get("/users/me"), caller.v2.get("/me"), USER)
    shown = ok(caller.v2.get("/me")).json()
    assert (shown["roles"], shown["is_verified"], shown["is_active"]) == ([role], verified, True)
    assert (shown["id"], shown["v1_id"]) == (caller.name, caller.number)
    permissions = ok(caller.v2.get("/me/permissions")).json()
    granted = harness.fetch("SELECT permission FROM role_permissions WHERE role = $1", role.value)
    scopes = sorted(name for (name,) in granted if name in key_scopes())
    assert permissions == {"roles": [role], "permissions": scopes}


@law(edit=USER_EDITS, own=st.booleans())
def the_same_edit_means_the_same(harness: VersionsHarness, edit: dict[str, Any], *, own: bool) -> None:
    """By an admin, or by the user, who may change less; only the named fields change."""
    actor = harness.bob if own else harness.admin
    old, new = places(harness.bob)
    before = ok(harness.admin.v2.get(new)).json()
    patch = user_edit_of_v2(edit)
    by_v1 = effect(harness, harness.bob, lambda: actor.v1.put(old, edit))
    by_v2 = effect(harness, harness.bob, lambda: actor.v2.patch(new, patch))
    assert by_v1 == by_v2
    if own:
        assert by_v1 == effect(harness, harness.bob, lambda: actor.v2.patch("/me", patch))
    named = set(patch) if by_v1["success"] else set()
    if "email" in named and canonical_address(patch["email"]) != canonical_address(before["email"]):
        assert not by_v1["is_verified"], "the owner of the new address has not proved it"
        named.add("is_verified")
    untouched = {"id", "v1_id", "email", "display_name", "roles", "is_active", "is_verified", "created_at"} - named
    assert {name: by_v1[name] for name in untouched} == {name: before[name] for name in untouched}
    with harness.rolled_back():
        rejected = actor.v1.put(old, edit)
    if not rejected.is_success:
        agree(harness, rejected, actor.v2.patch(new, patch))
        agree(harness, rejected, actor.v2.patch("/me", patch))
        return
    ok(actor.v2.patch(new, patch))
    shown = ok(harness.admin.v2.get(new)).json()
    assert USER.from_v1(harness, ok(harness.admin.v1.get(old)).json()) == USER.from_v2(harness, shown)


@law(0.4, edit=USER_EDITS)
def writing_back_changes_nothing(harness: VersionsHarness, edit: dict[str, Any]) -> None:
    """Neither revision, time nor events change."""
    old, new = places(harness.bob)
    ok(harness.admin.v2.patch(new, user_edit_of_v2(edit)))
    read, before = ok(harness.admin.v1.get(old)).json(), ok(harness.admin.v2.get(new))
    events = harness.events()
    for fields in (("email", "full_name", "is_active"), ("email",), ("full_name",), ("is_active",), ()):
        again = ok(harness.admin.v1.put(old, {name: read[name] for name in fields}))
        assert again.json() == read
        patch = {name: before.json()[name] for name in user_edit_of_v2(dict.fromkeys(fields))}
        back = ok(harness.admin.v2.patch(new, patch))
        assert (back.json(), back.headers["ETag"]) == (before.json(), before.headers["ETag"])
    assert ok(harness.admin.v2.get(new)).headers["ETag"] == before.headers["ETag"]
    assert harness.events() == events


@law(0.4, label=st.sampled_from(["bob", "other_admin"]), own=st.booleans())
def removal_means_the_same(harness: VersionsHarness, label: str, *, own: bool) -> None:
    """User, keys and posts are deleted together, through each of the three operations."""
    target: Caller = getattr(harness, label)
    actor = target if own else harness.admin
    old, new = places(target)
    post = ok(target.v1.post("/posts", {"title": "T", "content": "", "published": True})).json()
    outcomes = [
        effect(harness, target, lambda: ok(actor.v1.delete(old))),
        effect(harness, target, lambda: ok(actor.v2.delete(new))),
    ]
    if actor is not harness.bob:
        outcomes.append(effect(harness, target, lambda: ok(actor.v1.delete(f"/admin{old}"))))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert (outcomes[0]["user"], outcomes[0]["own"]) == (404, 401)
    name = harness.name_of_post(post["id"])
    ok(actor.v1.delete(old))
    agree(harness, harness.ada.v1.get(f"/posts/{post['id']}"), harness.ada.v2.get(f"/posts/{name}"))
    agree(harness, harness.admin.v1.get(old), harness.admin.v2.get(new))
    agree(harness, harness.admin.v1.put(old, {}), harness.admin.v2.patch(new, {}))
    agree(harness, harness.admin.v1.delete(old), harness.admin.v2.delete(new))
    agree(harness, harness.admin.v1.delete(f"/admin{old}"), harness.admin.v2.delete(new))
    # No list of posts reveals whether a user exists.
    assert ok(harness.ada.v1.get(f"{old}/posts")).json() == []
    assert ok(harness.ada.v2.get("/posts", author_id=target.name)).json()["data"] == []


@fixed
def the_last_admin_stays(harness: VersionsHarness) -> None:
    """Neither version deletes or demotes the last admin."""
    ok(harness.admin.v2.delete(places(harness.other_admin)[1]))
    ok(harness.admin.v2.delete(places(harness.narrow)[1]))
    old, new = places(harness.admin)
    agree(harness, harness.admin.v1.delete(old), harness.admin.v2.delete(new))
    agree(harness, harness.admin.v1.delete(f"/admin{old}"), harness.admin.v2.delete(new))
    agree(harness, harness.admin.v1.put(old, {"is_active": False}), harness.admin.v2.patch(new, {"is_active": False}))
    assert harness.admin.v1.delete(old).status_code == 409


@law(0.3, name=NAMES, address=ADDRESSES)
def a_user_created_by_an_admin_is_complete(harness: VersionsHarness, name: str, address: str) -> None:
    """Only v1 creates users; v2 shows every value."""
    body = {"email": address, "password": PASSWORD, "full_name": name}
    created = ok(harness.admin.v1.post("/users", body)).json()
    listed = ok(harness.admin.v2.get("/users", limit=100)).json()["data"]
    (shown,) = [user for user in listed if user["v1_id"] == created["id"]]
    assert USER.from_v1(harness, created) == USER.from_v2(harness, shown)
    assert (shown["display_name"], shown["roles"], shown["is_verified"]) == (name, ["author"], True)
    assert {"email": shown["email"]} == _normalised({"email": address})
    taken = harness.admin.v1.post("/users", body | {"email": address.swapcase()})
    agree(harness, taken, harness.admin.v2.patch(places(harness.bob)[1], {"email": address}))
    agree(harness, harness.admin.v1.put(places(harness.bob)[0], {"email": address}),
          harness.admin.v2.patch(places(harness.bob)[1], {"email": address}))  # fmt: skip
