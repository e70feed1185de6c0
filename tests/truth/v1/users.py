"""The requests of v1 about users."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.app import PASSWORD
from tests.truth.table import Call

NEW = "another horse battery"


def edits(name: str, body: dict[str, Any]) -> Mapping[str, Sequence[Call]]:
    """An edit of any user, and one of the caller's own user."""
    calls = [Call("users.update", json=body)]
    return {f"users.{name}": calls, f"me.{name}": calls}


CALLS = {
    "me.get": [Call("users.me"), Call("auth.me")],
    "users.get": [Call("users.get")],
    "users.list": [Call("users.list"), Call("users.list_paginated")],
    "users.create": [
        Call("users.create", 201, json={"email": "new@example.com", "password": NEW, "full_name": "New"}),
    ],
    "users.create_taken": [
        Call("users.create", 201, json={"email": "Peer@Example.com", "password": NEW, "full_name": "New"})
    ],
    **edits("rename", {"full_name": "New"}),
    **edits("edit_nothing", {}),
    **edits("keep", {"email": "$email", "is_active": True}),
    **edits("move", {"email": "moved@example.com"}),
    "me.respell": [Call("users.update", json={"email": "$spelling"})],
    **edits("move_to_taken", {"email": "Second.Admin@Example.com"}),
    **edits("deactivate", {"is_active": False}),
    "users.activate": [Call("users.update", json={"is_active": True})],
    "me.move_with_password": [
        Call("users.update", json={"email": "moved@example.com", "current_password": PASSWORD}),
    ],
    "me.set_password": [Call("users.update", json={"password": NEW, "current_password": PASSWORD})],
    "me.set_password_unproven": [Call("users.update", json={"password": NEW})],
    "me.set_password_wrong_proof": [
        Call("users.update", json={"password": NEW, "current_password": "a wrong password"}),
    ],
    "users.set_password": [Call("users.update", json={"password": NEW, "current_password": PASSWORD})],
    "users.set_password_unproven": [Call("users.update", json={"password": NEW})],
    "users.delete": [Call("users.delete", 204)],
    "users.delete_as_admin": [Call("admin.delete_user", 204)],
}
