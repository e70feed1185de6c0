"""The requests of v2 about posts."""

from collections.abc import Sequence

import httpx2

from tests.truth.table import Call, Reason, challenged_scope, reason_of


def of_the_operation(response: httpx2.Response) -> Reason:
    """The reason of the only operation of a batch."""
    if response.status_code != 207:
        return reason_of(response)
    (result,) = response.json()["results"]
    return result["status"], (result["problem"] or {}).get("code", "")


def scope_of_the_operation(response: httpx2.Response) -> str:
    """The scope that the problem of the only operation of a batch names."""
    if response.status_code != 207:
        return challenged_scope(response)
    (result,) = response.json()["results"]
    return str(result["problem"].get("required_scope", ""))


def edit(patch: dict[str, object]) -> Sequence[Call]:
    """An edit of one post, also as a batch and as an atomic batch of one operation."""
    operation = {"op": "update", "id": "$post_id", "patch": patch}
    return [
        Call("posts.update", json=patch),
        Call("posts.batch", json={"operations": [operation]}, read=of_the_operation),
        Call("posts.batch", json={"operations": [operation], "atomic": True}, read=of_the_operation),
    ]


_ATTACHED = {"title": "New", "content": "c", "attachments": ["$file_id"]}
CALLS = {
    "posts.get": [Call("posts.get"), Call("posts.get", query={"fields": "id", "include": "author"})],
    # Reading counts no view: views have an operation of their own.
    "posts.view": [Call("posts.view", 204)],
    "posts.update": edit({"title": "Mine"}),
    "posts.update_nothing": edit({}),
    "posts.publish": edit({"status": "published"}),
    "posts.delete": [
        Call("posts.delete", 204),
        Call(
            "posts.batch",
            204,
            json={"operations": [{"op": "delete", "id": "$post_id"}]},
            read=of_the_operation,
            missing_scope=scope_of_the_operation,
            # Known only after the body is read, so a batch needs what its most demanding operation needs.
            also_needs=("posts:read",),
        ),
    ],
    "posts.update_stale": [Call("posts.update", json={"title": "Mine"}, headers={"If-Match": "$stale_tag"})],
    "posts.update_current": [Call("posts.update", json={"title": "Mine"}, headers={"If-Match": "$tag"})],
    "posts.delete_stale": [Call("posts.delete", 204, headers={"If-Match": "$stale_tag"})],
    "posts.create": [
        Call("posts.create", 201, json={"title": "New", "content": "c"}),
        Call(
            "posts.batch",
            201,
            json={"operations": [{"op": "create", "post": {"title": "New", "content": "c"}}]},
            read=of_the_operation,
        ),
    ],
    # Only v2 attaches files.
    "posts.create_attached": [
        Call("posts.create", 201, json=_ATTACHED),
        Call(
            "posts.batch",
            201,
            json={"operations": [{"op": "create", "post": _ATTACHED}]},
            read=of_the_operation,
            missing_scope=scope_of_the_operation,
        ),
        Call(
            "posts.batch",
            201,
            json={"operations": [{"op": "create", "post": _ATTACHED}], "atomic": True},
            read=of_the_operation,
        ),
    ],
    "posts.create_published": [Call("posts.create", 201, json={"title": "New", "content": "c", "status": "published"})],
    "posts.list": [Call("posts.list"), Call("posts.list", query={"author_id": "$user_id"})],
    # A filter of v2 covers one status.
    "posts.list_drafts": [Call("posts.list", query={"status": "draft"})],
    "posts.search": [Call("posts.search", query={"q": "stone"}), Call("posts.list", query={"q": "stone"})],
}
