"""The requests of v1 about posts."""

from collections.abc import Sequence

import httpx2

from tests.truth.table import Call, Reason, reason_of


def of_the_group(response: httpx2.Response) -> Reason:
    """The reason of the only missing post of v1's batch, which responds with 400."""
    if response.status_code == 400 and response.json().get("error") == "Multiple validation errors":
        (detail,) = response.json()["details"]
        return 404, "Post not found" if detail.startswith("Post ") and detail.endswith(" not found") else detail
    return reason_of(response)


def edit(body: dict[str, object]) -> Sequence[Call]:
    """An edit of one post."""
    return [Call("posts.update", json=body)]


CALLS = {
    "posts.get": [Call("posts.get_many", json={"ids": ["$post_id"]}, read=of_the_group)],
    # A GET of v1 counts a view.
    "posts.view": [Call("posts.get")],
    "posts.update": edit({"title": "Mine"}),
    "posts.update_nothing": edit({}),
    "posts.publish": edit({"published": True}),
    "posts.delete": [Call("posts.delete", 204)],
    "posts.create": [Call("posts.create", 201, json={"title": "New", "content": "c"})],
    "posts.create_published": [Call("posts.create", 201, json={"title": "New", "content": "c", "published": True})],
    "posts.list": [
        Call("posts.list"),
        Call("users.list_posts"),
        Call("posts.list", query={"author_id": "$user_id"}),
    ],
    # A filter of v1 covers all unpublished posts.
    "posts.list_unpublished": [Call("posts.list", query={"published": "false"})],
    "posts.search": [Call("posts.search", query={"query": "stone"}), Call("posts.list", query={"search": "stone"})],
}
