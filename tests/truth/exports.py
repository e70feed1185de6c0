"""The truth about exports: posts that the caller may see, and for administrators all users."""

import csv
import io

import httpx2

from tests.truth.table import Act, Table


def exported(response: httpx2.Response) -> int:
    """The number of rows."""
    media_type = response.headers["content-type"].partition(";")[0]
    if media_type == "text/csv":
        return sum(1 for _ in csv.DictReader(io.StringIO(response.text, newline="")))
    if media_type == "application/x-ndjson":
        return response.content.count(b"\n")
    body = response.json()
    return len(body["items"] if "items" in body else body["data"])


ACTS = {"exports.posts": Act(count=exported), "exports.users": Act(count=exported)}
ROWS = """
                              | anonymous unverified reader author other moderator admin deactivated
exports.posts posts of author | 401       ok:1       ok:1   ok:3   ok:1  ok:1      ok:3  401t
exports.users -               | 401       403        403    403    403   403       ok:9  401t
"""
KEYS = """
exports.posts posts of author | other  ok:1  posts:read 403
              posts of author | author ok:3  posts:read 403
              posts of author | admin  ok:3  posts:read 403  posts:read_all ok:1
exports.users -               | admin  ok:9  users:read 403
"""
TABLE = Table(ACTS, {}, ROWS, KEYS)
