"""The truth about posts. "author" wrote them; a draft or archived post is seen by its author and admins only."""

from collections.abc import Sequence

import httpx2

from tests.truth.table import Act, Call, Effect, Reason, Table, act, reason_of


def of_the_operation(response: httpx2.Response) -> Reason:
    """The reason of the only operation of a batch."""
    if response.status_code != 207:
        return reason_of(response)
    (result,) = response.json()["results"]
    return result["status"], (result["problem"] or {}).get("code", "")


def of_the_group(response: httpx2.Response) -> Reason:
    """The reason of the only missing post of v1's batch, which responds with 400."""
    if response.status_code == 400 and response.json().get("error") == "Multiple validation errors":
        (detail,) = response.json()["details"]
        return 404, "Post not found" if detail.startswith("Post ") and detail.endswith(" not found") else detail
    return reason_of(response)


def listed(response: httpx2.Response) -> int:
    """The number of listed posts."""
    body = response.json()
    return len(body if isinstance(body, list) else body.get("items", body.get("data")))


def lists(**calls: Call | list[Call]) -> Act:
    return Act({version: call if isinstance(call, list) else [call] for version, call in calls.items()}, count=listed)


def edit(
    v1: dict[str, object], v2: dict[str, object], effects: Sequence[Effect] = (), events: Sequence[str] = ()
) -> Act:
    """An edit of one post, in v2 also as a batch and as an atomic batch of one operation."""
    operation = {"op": "update", "id": "$post_id", "patch": v2}
    return act(
        v1=Call("posts.update", json=v1),
        v2=[
            Call("posts.update", json=v2),
            Call("posts.batch", json={"operations": [operation]}, read=of_the_operation),
            Call("posts.batch", json={"operations": [operation], "atomic": True}, read=of_the_operation),
        ],
        effects=effects,
        events=events,
    )


ACTS = {
    "posts.get": act(
        v1=[
            Call("posts.get_many", json={"ids": ["$post_id"]}, read=of_the_group),
        ],
        v2=[Call("posts.get"), Call("posts.get", query={"fields": "id", "include": "author"})],
    ),
    # A GET of v1 counts a view; v2 counts views with an operation of their own.
    "posts.view": act(
        v1=Call("posts.get"),
        v2=Call("posts.view", 204),
        effects=[Effect("SELECT view_count FROM posts WHERE id = $1", 1)],
    ),
    "posts.update": edit(
        {"title": "Mine"},
        {"title": "Mine"},
        [Effect("SELECT title FROM posts WHERE id = $1", "Mine")],
        ["post.updated"],
    ),
    "posts.update_nothing": edit({}, {}),
    "posts.publish": edit(
        {"published": True},
        {"status": "published"},
        [Effect("SELECT status FROM posts WHERE id = $1 AND published_at IS NOT NULL", "published")],
        ["post.updated", "post.published"],
    ),
    "posts.delete": act(
        v1=Call("posts.delete", 204),
        v2=[
            Call("posts.delete", 204),
            Call(
                "posts.batch",
                204,
                json={"operations": [{"op": "delete", "id": "$post_id"}]},
                read=of_the_operation,
                # Known only after the body is read, so a batch needs what its most demanding operation needs.
                also_needs=("posts:read",),
            ),
        ],
        effects=[Effect("SELECT count(*) FROM posts WHERE id = $1", 0)],
        events=["post.deleted"],
    ),
    # v1 has no preconditions.
    "posts.update_stale": act(v2=Call("posts.update", json={"title": "Mine"}, headers={"If-Match": "$stale_tag"})),
    "posts.update_current": act(
        v2=Call("posts.update", json={"title": "Mine"}, headers={"If-Match": "$tag"}),
        effects=[Effect("SELECT revision FROM posts WHERE id = $1", 2)],
        events=["post.updated"],
    ),
    "posts.delete_stale": act(v2=Call("posts.delete", 204, headers={"If-Match": "$stale_tag"})),
    "posts.create": act(
        v1=Call("posts.create", 201, json={"title": "New", "content": "c"}),
        v2=[
            Call("posts.create", 201, json={"title": "New", "content": "c"}),
            Call(
                "posts.batch",
                201,
                json={"operations": [{"op": "create", "post": {"title": "New", "content": "c"}}]},
                read=of_the_operation,
            ),
        ],
        effects=[Effect("SELECT count(*) FROM posts WHERE title = 'New' AND status = 'draft'", 1)],
        events=["post.created"],
    ),
    "posts.create_published": act(
        v1=Call("posts.create", 201, json={"title": "New", "content": "c", "published": True}),
        v2=Call("posts.create", 201, json={"title": "New", "content": "c", "status": "published"}),
        effects=[Effect("SELECT count(*) FROM posts WHERE title = 'New' AND published_at IS NOT NULL", 1)],
        events=["post.created", "post.published"],
    ),
    "posts.list": lists(
        v1=[Call("posts.list"), Call("users.list_posts"), Call("posts.list", query={"author_id": "$user_id"})],
        v2=[Call("posts.list"), Call("posts.list", query={"author_id": "$user_id"})],
    ),
    # A filter of v1 covers all unpublished posts, a filter of v2 one status.
    "posts.list_unpublished": lists(v1=Call("posts.list", query={"published": "false"})),
    "posts.list_drafts": lists(v2=Call("posts.list", query={"status": "draft"})),
    "posts.search": lists(
        v1=[Call("posts.search", query={"query": "stone"}), Call("posts.list", query={"search": "stone"})],
        v2=[Call("posts.search", query={"q": "stone"}), Call("posts.list", query={"q": "stone"})],
    ),
}

ROWS = """
                                         | anonymous unverified reader author other moderator admin deactivated
posts.get               published        | ok        ok         ok     ok     ok    ok        ok    401t
                        draft            | 404       404        404    ok     404   404       ok    401t
                        archived         | 404       404        404    ok     404   404       ok    401t
                        deleted post     | 404       404        404    404    404   404       404   401t
                        missing post     | 404       404        404    404    404   404       404   401t
posts.view              published        | ok        ok         ok     ok     ok    ok        ok    401t
                        draft            | 404       404        404    ok     404   404       ok    401t
                        archived         | 404       404        404    ok     404   404       ok    401t
                        deleted post     | 404       404        404    404    404   404       404   401t
posts.update            published        | 401       403a       403    ok     403a  403a      403a  401t
                        draft            | 401       404        403    ok     404   404       403a  401t
                        archived         | 401       404        403    ok     404   404       403a  401t
                        deleted post     | 401       404        403    404    404   404       404   401t
                        missing post     | 401       404        403    404    404   404       404   401t
posts.update_nothing    published        | 401       403a       403    ok     403a  403a      403a  401t
                        draft            | 401       404        403    ok     404   404       403a  401t
posts.publish           draft            | 401       404        403    ok     404   404       403a  401t
                        archived         | 401       404        403    ok     404   404       403a  401t
posts.update_current    published        | 401       403a       403    ok     403a  403a      403a  401t
posts.update_stale      published        | 401       403a       403    412    403a  403a      403a  401t
                        draft            | 401       404        403    412    404   404       403a  401t
                        deleted post     | 401       404        403    404    404   404       404   401t
posts.delete            published        | 401       403a       403    ok     403a  ok        ok    401t
                        draft            | 401       404        403    ok     404   404       ok    401t
                        archived         | 401       404        403    ok     404   404       ok    401t
                        deleted post     | 401       404        403    404    404   404       404   401t
                        missing post     | 401       404        403    404    404   404       404   401t
posts.delete_stale      published        | 401       403a       403    412    403a  412       412   401t
                        draft            | 401       404        403    412    404   404       412   401t
posts.create            -                | 401       ok         403    ok     ok    ok        ok    401t
posts.create_published  -                | 401       ok         403    ok     ok    ok        ok    401t
posts.list              posts of author  | ok:1      ok:1       ok:1   ok:3   ok:1  ok:1      ok:3  401t
posts.list_unpublished  -                | ok:0      ok:0       ok:0   ok:2   ok:0  ok:0      ok:2  401t
posts.list_drafts       -                | ok:0      ok:0       ok:0   ok:1   ok:0  ok:0      ok:1  401t
posts.search            -                | ok:1      ok:1       ok:1   ok:3   ok:1  ok:1      ok:3  401t
"""

# Owner of the key, the outcome with all scopes, then each needed scope with the outcome without it. A scope grants
# nothing that the owner's role does not.
KEYS = """
posts.get               published        | other     ok    posts:read 403
                        draft            | author    ok    posts:read 403
                        archived         | admin     ok    posts:read 403   posts:read_all 404
                        draft            | other     404   posts:read 403
                        missing post     | admin     404   posts:read 403
posts.view              published        | other     ok    posts:read 403
                        draft            | admin     ok    posts:read 403   posts:read_all 404
                        missing post     | admin     404   posts:read 403
posts.update            published        | author    ok    posts:write 403  posts:read 403
                        draft            | author    ok    posts:write 403  posts:read 403
                        archived         | admin     403a  posts:write 403  posts:read 403  posts:read_all 404
                        missing post     | admin     404   posts:write 403  posts:read 403
posts.update_nothing    published        | author    ok    posts:write 403  posts:read 403
posts.publish           draft            | author    ok    posts:write 403  posts:read 403
posts.update_current    published        | author    ok    posts:write 403  posts:read 403
posts.update_stale      published        | author    412   posts:write 403  posts:read 403
posts.delete            published        | author    ok    posts:write 403
                        published        | moderator ok    posts:write 403  posts:moderate 403a
                        draft            | admin     ok    posts:write 403  posts:read_all 404  posts:moderate 403a
                        missing post     | admin     404   posts:write 403
                        published        | other     403a  posts:write 403
posts.delete_stale      published        | author    412   posts:write 403
posts.create            -                | author    ok    posts:write 403  posts:read 403
                        -                | reader    403   posts:write 403  posts:read 403
posts.create_published  -                | author    ok    posts:write 403  posts:read 403
posts.list              posts of author  | other     ok:1  posts:read 403
                        posts of author  | author    ok:3  posts:read 403
                        posts of author  | admin     ok:3  posts:read 403   posts:read_all ok:1
posts.list_unpublished  -                | admin     ok:2  posts:read 403   posts:read_all ok:0
posts.list_drafts       -                | admin     ok:1  posts:read 403   posts:read_all ok:0
posts.search            -                | admin     ok:3  posts:read 403   posts:read_all ok:1
"""

TABLE = Table(ACTS, {"403a": "not_the_author", "404": "post_not_found", "412": "precondition_failed"}, ROWS, KEYS)
