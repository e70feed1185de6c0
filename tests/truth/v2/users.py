"""The requests of v2 about users."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.app import PASSWORD
from tests.truth.table import Call

NEW = "another horse battery"
STALE = {"If-Match": "$stale_tag"}
CURRENT = {"If-Match": "$tag"}


def edits(name: str, patch: dict[str, Any]) -> Mapping[str, Sequence[Call]]:
    """An edit of any user, and one of the caller's own user."""
    by_id = [Call("users.update", json=patch)]
    return {f"users.{name}": by_id, f"me.{name}": [*by_id, Call("me.update", json=patch)]}


CALLS = {
    "me.get": [Call("me.get")],
    "me.permissions": [Call("me.permissions")],
    "users.get": [Call("users.get")],
    "users.list": [Call("users.list")],
    **edits("rename", {"display_name": "New"}),
    **edits("edit_nothing", {}),
    **edits("keep", {"email": "$email", "is_active": True}),
    **edits("move", {"email": "moved@example.com"}),
    "me.respell": [Call("users.update", json={"email": "$spelling"}), Call("me.update", json={"email": "$spelling"})],
    **edits("move_to_taken", {"email": "Second.Admin@Example.com"}),
    **edits("deactivate", {"is_active": False}),
    "users.activate": [Call("users.update", json={"is_active": True})],
    "users.rename_stale": [Call("users.update", json={"display_name": "New"}, headers=STALE)],
    "me.rename_stale": [Call("me.update", json={"display_name": "New"}, headers=STALE)],
    "me.rename_current": [
        Call("users.update", json={"display_name": "New"}, headers=CURRENT),
        Call("me.update", json={"display_name": "New"}, headers=CURRENT),
    ],
    # v2 always wants the present password.
    "me.set_password": [Call("me.set_password", 204, json={"password": NEW, "current_password": PASSWORD})],
    "me.set_password_wrong_proof": [
        Call("me.set_password", 204, json={"password": NEW, "current_password": "a wrong password"}),
    ],
    "users.delete": [Call("users.delete", 204)],
    "users.delete_stale": [Call("users.delete", 204, headers=STALE)],
    "users.set_roles": [Call("users.set_roles", json={"roles": ["moderator"]})],
    "users.keep_roles": [Call("users.set_roles", json={"roles": ["author"]})],
    "users.set_roles_stale": [Call("users.set_roles", json={"roles": ["moderator"]}, headers=STALE)],
}
