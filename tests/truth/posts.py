"""The truth about posts. "author" wrote them; a draft or archived post is seen by its author and admins only."""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed posts."""
    body = response.json()
    return len(body if isinstance(body, list) else body.get("items", body.get("data")))


LISTED = Act(count=listed)
ACTS = {
    "posts.get": Act(),
    "posts.view": Act([Effect("SELECT view_count FROM posts WHERE id = $1", 1)]),
    "posts.update": Act([Effect("SELECT title FROM posts WHERE id = $1", "Mine")], ["post.updated"]),
    "posts.update_nothing": Act(),
    "posts.publish": Act(
        [Effect("SELECT status FROM posts WHERE id = $1 AND published_at IS NOT NULL", "published")],
        ["post.updated", "post.published"],
    ),
    "posts.delete": Act([Effect("SELECT count(*) FROM posts WHERE id = $1", 0)], ["post.deleted"]),
    "posts.update_stale": Act(),
    "posts.update_current": Act([Effect("SELECT revision FROM posts WHERE id = $1", 2)], ["post.updated"]),
    "posts.delete_stale": Act(),
    "posts.create": Act(
        [Effect("SELECT count(*) FROM posts WHERE title = 'New' AND status = 'draft'", 1)], ["post.created"]
    ),
    "posts.create_published": Act(
        [Effect("SELECT count(*) FROM posts WHERE title = 'New' AND published_at IS NOT NULL", 1)],
        ["post.created", "post.published"],
    ),
    "posts.create_attached": Act(
        [
            Effect(
                "SELECT count(*) FROM post_attachments a JOIN files f ON f.id = a.file_id JOIN posts p"
                " ON p.id = a.post_id WHERE p.title = 'New' AND f.uid = $1",
                1,
            )
        ],
        ["post.created"],
    ),
    "posts.list": LISTED,
    "posts.list_unpublished": LISTED,
    "posts.list_drafts": LISTED,
    "posts.search": LISTED,
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
posts.create_attached   own file         | 401       ok         403    ok     ok    ok        ok    401t
                        own attached file | 401      ok         403    ok     ok    ok        ok    401t
                        unfinished file  | 401       422u       403    422u   422u  422u      422u  401t
                        foreign file     | 401       422u       403    422u   422u  422u      422u  401t
                        public file      | 401       422u       403    422u   422u  422u      422u  401t
                        file of published post | 401 422u       403    422u   422u  422u      422u  401t
                        missing file     | 401       422u       403    422u   422u  422u      422u  401t
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
posts.create_attached   own file         | author    ok    posts:write 403  posts:read 403  files:read 403
                        missing file     | author    422u  posts:write 403  posts:read 403  files:read 403
posts.list              posts of author  | other     ok:1  posts:read 403
                        posts of author  | author    ok:3  posts:read 403
                        posts of author  | admin     ok:3  posts:read 403   posts:read_all ok:1
posts.list_unpublished  -                | admin     ok:2  posts:read 403   posts:read_all ok:0
posts.list_drafts       -                | admin     ok:1  posts:read 403   posts:read_all ok:0
posts.search            -                | admin     ok:3  posts:read 403   posts:read_all ok:1
"""

TABLE = Table(
    ACTS,
    {"403a": "not_the_author", "404": "post_not_found", "412": "precondition_failed", "422u": "unknown_file"},
    ROWS,
    KEYS,
)
