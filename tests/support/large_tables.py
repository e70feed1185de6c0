"""Fills the tables that lists read with as many rows as a test wants, spread as in production."""

from typing import Any, Final

import asyncpg

COMMON, RARE, ABSENT = "layer", "basalt", "zzyzx"
"""A word of every post, of ``FEW`` posts, and of none."""
FEW: Final = 40
"""Rows of what stays the same in a table of any size: drafts of the writer, posts with the rare word."""
_AUTHORS: Final = 50

_USERS: Final = """
INSERT INTO users (uid, email, display_name, password_hash, roles, is_verified)
SELECT uuidv7(), 'user' || n || '@large.example', 'User ' || n, '-', ARRAY['author'], true
FROM generate_series(1, greatest($1 / 10, $2::int)) n
"""
# Few statuses of the writer are not published, and those are old: in the order of time, most rows come before them.
_POSTS: Final = """
INSERT INTO posts (uid, author_id, title, content, status, published_at, view_count, created_at, updated_at)
SELECT uuidv7(), author, md5(n::text), 'A layer of rock' || CASE n % ($1 / $3) WHEN 1 THEN ' and basalt' ELSE '' END,
       status, CASE status WHEN 'published' THEN at END, n % 1000, at, at + n % 97 * interval '1 hour'
FROM (
    SELECT n, timestamptz '2020-01-01 00:00:00Z' + n * interval '1 second' AS at,
           CASE WHEN n <= $3 THEN $4 WHEN n % $2 = 0 THEN $6 ELSE $5 + n % $2 END AS author,
           CASE WHEN n <= $3 THEN (ARRAY['draft', 'archived'])[1 + n % 2]
                ELSE (ARRAY['published', 'published', 'published', 'draft', 'archived'])[1 + n / 7 % 5] END AS status
    FROM generate_series(1, $1::int) n
) s
"""
_KEYS: Final = """
INSERT INTO api_keys (uid, user_id, name, hint, digest, scopes, plan)
SELECT uuidv7(), id, 'key', 'sk_x', sha256(uid::text::bytea), ARRAY['posts:read'], 'free' FROM users WHERE id >= $1
"""
_NOTIFICATIONS: Final = """
INSERT INTO notifications (uid, user_id, sender_uid, message)
SELECT uuidv7(), CASE n % 2 WHEN 0 THEN $2 ELSE $3 + n % 50 END, uuidv7(), 'Message ' || n
FROM generate_series(1, $1::int) n
"""
_EVENTS: Final = """
INSERT INTO events (uid, type, schema, subject_uid, owner_uid, audience, payload, position)
SELECT uuidv7(), 'post.created', 2, uuidv7(), CASE n % 100 WHEN 0 THEN $2::uuid ELSE uuidv7() END,
       (ARRAY['public', 'owner', 'admin'])[1 + n % 3], '{"revision": 1, "status": "published"}',
       nextval('events_position_seq')
FROM generate_series(1, $1::int) n
"""
_AUDIT: Final = """
INSERT INTO audit_events (at, uid, actor, action, target, outcome, detail)
SELECT now() - n * interval '1 second', uuidv7(), CASE n % 10 WHEN 0 THEN $2::uuid ELSE uuidv7() END,
       'session.created', 'user:' || CASE n % 10 WHEN 1 THEN $2::uuid ELSE uuidv7() END, 'success', '{}'
FROM generate_series(1, $1::int) n
"""
_FILES: Final = """
INSERT INTO files (uid, owner_id, name, content_type, object_key, state, size, sha256, ready_at)
SELECT uuidv7(), CASE n % 2 WHEN 0 THEN $2 ELSE $3 + n % 50 END, 'a.png', 'image/png', 'key' || n, 'ready', 1, '\\x00',
       now()
FROM generate_series(1, $1::int) n
"""
_JOBS: Final = """
INSERT INTO jobs (uid, kind, owner_id, params, status, started_at, finished_at)
SELECT uuidv7(), 'email', CASE n % 2 WHEN 0 THEN $2 ELSE $3 + n % 50 END, '{}', 'succeeded', now(), now()
FROM generate_series(1, $1::int) n
"""


async def fill(owner: "asyncpg.Connection[Any]", rows: int, writer_id: int, busy_id: int) -> None:
    """Insert ``rows`` rows into each large table.

    The writer has ``FEW`` unpublished posts and half of the other rows, the busy user a fiftieth of the posts.
    """
    await owner.execute(_USERS, rows, _AUTHORS)
    first = await owner.fetchval("SELECT min(id) FROM users WHERE email = 'user1@large.example'")
    writer = await owner.fetchval("SELECT uid FROM users WHERE id = $1", writer_id)
    await owner.execute(_POSTS, rows, _AUTHORS, FEW, writer_id, first, busy_id, timeout=3600)
    await owner.execute(_KEYS, first, timeout=600)
    for statement in (_NOTIFICATIONS, _FILES, _JOBS):
        await owner.execute(statement, rows, writer_id, first, timeout=3600)
    for statement in (_EVENTS, _AUDIT):
        await owner.execute(statement, rows, writer, timeout=3600)
    await owner.execute("VACUUM ANALYZE", timeout=3600)
