"""The truth about files: their owner deletes them; others read those that are shared with users, or with all.

A file of a post is shared with those who may read the post.
"""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed files."""
    return len(response.json()["data"])


def uploaded(number: int) -> Act:
    """An upload of this many files."""
    ready = "SELECT count(*) FROM files WHERE name LIKE 'new%' AND state = 'ready' AND visibility = 'private'"
    return Act([Effect(ready, number)], ["file.uploaded"] * number)


ACTS = {
    "files.create": uploaded(1),
    "files.create_several": uploaded(2),
    "files.create_program": Act(),
    "files.create_disguised": Act(),
    "files.create_elsewhere": Act(),
    "files.list": Act(count=listed),
    "files.get": Act(),
    "files.get_content": Act(),
    "files.get_no_bytes": Act(),
    "files.presign": Act([Effect("SELECT count(*) FROM files WHERE name = 'new.csv' AND state = 'uploading'", 1)], []),
    "files.complete": Act(
        [Effect("SELECT count(*) FROM files WHERE uid = $1 AND state = 'ready'", 1)], ["file.uploaded"]
    ),
    "files.complete_again": Act(),
    "files.delete": Act([Effect("SELECT count(*) FROM files WHERE uid = $1", 0)], ["file.deleted"]),
    "files.delete_attached": Act(
        [
            Effect("SELECT count(*) FROM files WHERE uid = $1", 0),
            Effect("SELECT revision FROM posts WHERE title = 'Attached'", 2),
        ],
        ["post.updated", "file.deleted"],
    ),
}
ROWS = """
                                         | anonymous unverified reader author admin deactivated
files.create           -                 | 401       ok         ok     ok     ok    401t
files.create_several   -                 | 401       ok         ok     ok     ok    401t
files.create_program   -                 | 401       415t       415t   415t   415t  401t
files.create_disguised -                 | 401       415c       415c   415c   415c  401t
files.create_elsewhere -                 | 401       409s       409s   409s   409s  401t
files.list             own file          | 401       ok:1       ok:1   ok:1   ok:1  401t
                       unfinished file   | 401       ok:0       ok:0   ok:0   ok:0  401t
                       public file       | 401       ok:0       ok:0   ok:0   ok:0  401t
files.get              own file          | 404f      ok         ok     ok     ok    401t
                       unfinished file   | 404f      404f       404f   404f   404f  401t
                       foreign file      | 404f      404f       404f   404f   404f  401t
                       file for users    | 404f      ok         ok     ok     ok    401t
                       public file       | ok        ok         ok     ok     ok    401t
                       file of published post | ok   ok         ok     ok     ok    401t
                       file of draft post | 404f     404f       404f   404f   ok    401t
                       file of archived post | 404f  404f       404f   404f   ok    401t
                       missing file      | 404f      404f       404f   404f   404f  401t
files.get_content      own file          | 404f      ok         ok     ok     ok    401t
                       unfinished file   | 404f      404f       404f   404f   404f  401t
                       foreign file      | 404f      404f       404f   404f   404f  401t
                       file for users    | 404f      ok         ok     ok     ok    401t
                       public file       | ok        ok         ok     ok     ok    401t
                       file of published post | ok   ok         ok     ok     ok    401t
                       file of draft post | 404f     404f       404f   404f   ok    401t
                       file of archived post | 404f  404f       404f   404f   ok    401t
                       missing file      | 404f      404f       404f   404f   404f  401t
files.get_no_bytes     public file       | 416       416        416    416    416   401t
files.presign          -                 | 401       ok         ok     ok     ok    401t
files.complete         pending file      | 401       ok         ok     ok     ok    401t
                       pending, no bytes | 401       409n       409n   409n   409n  401t
                       unfinished file   | 401       404f       404f   404f   404f  401t
                       foreign file      | 401       404f       404f   404f   404f  401t
                       public file       | 401       404f       404f   404f   404f  401t
                       missing file      | 401       404f       404f   404f   404f  401t
files.complete_again   own file          | 401       ok         ok     ok     ok    401t
files.delete           own file          | 401       ok         ok     ok     ok    401t
                       unfinished file   | 401       404f       404f   404f   404f  401t
                       foreign file      | 401       404f       404f   404f   404f  401t
                       file for users    | 401       403o       403o   403o   403o  401t
                       public file       | 401       403o       403o   403o   403o  401t
                       file of published post | 401  403o       403o   403o   403o  401t
                       file of draft post | 401      404f       404f   404f   403o  401t
                       missing file      | 401       404f       404f   404f   404f  401t
files.delete_attached  own attached file | 401       ok         ok     ok     ok    401t
"""
KEYS = """
files.create           -                 | author ok    files:write 403  files:read 403
files.create_several   -                 | author ok    files:write 403  files:read 403
files.create_program   -                 | author 415t  files:write 403  files:read 403
files.create_disguised -                 | author 415c  files:write 403  files:read 403
files.create_elsewhere -                 | author 409s  files:write 403  files:read 403
files.list             own file          | author ok:1  files:read 403
files.get              own file          | author ok    files:read 403
                       public file       | author ok    files:read 403
                       file of published post | author ok files:read 403 posts:read 404f
                       file of draft post | admin ok    files:read 403  posts:read 404f  posts:read_all 404f
                       missing file      | admin  404f  files:read 403
files.get_content      own file          | author ok    files:read 403
                       file of published post | author ok files:read 403 posts:read 404f
                       file of draft post | admin ok    files:read 403  posts:read 404f  posts:read_all 404f
                       missing file      | admin  404f  files:read 403
files.get_no_bytes     public file       | author 416   files:read 403
files.presign          -                 | author ok    files:write 403  files:read 403
files.complete         pending file      | author ok    files:write 403  files:read 403
                       missing file      | admin  404f  files:write 403  files:read 403
files.complete_again   own file          | author ok    files:write 403  files:read 403
files.delete           own file          | author ok    files:write 403
                       public file       | admin  403o  files:write 403
                       missing file      | admin  404f  files:write 403
files.delete_attached  own attached file | author ok    files:write 403
"""
OUTCOMES = {
    "403o": "not_the_owner",
    "404f": "file_not_found",
    "415t": "file_type_not_allowed",
    "415c": "content_mismatch",
    "409n": "content_not_uploaded",
    "409s": "storage_not_configured",
    "416": "range_not_satisfiable",
}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
