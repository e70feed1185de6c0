"""The database of a run: the product's tables with generated rows, and the paths to request."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from starlette.requests import Request

from app.access import keys
from app.access.permissions import key_scopes
from app.http.cursors import CursorCodec, listing_of
from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres
from app.settings.http import HttpSettings
from app.settings.loading import load_settings
from tests.support.dialects import DIALECTS
from tests.support.waiting import PATIENCE
from versions.kit.typeid import encode
from versions.v2.ids import ACCOUNT, POST

PAGE: Final = 20
LIST: Final = "/api/v2/posts"
_OLDEST: Final = next(iter(DIALECTS.values()))
_SAMPLE: Final = 500
_AUTHORS: Final = 50
_USERS: Final = """
INSERT INTO users (uid, email, display_name, password_hash, roles, is_verified)
SELECT uuidv7(), 'author' || n || '@bench.example', 'Author ' || n, '-', ARRAY['author'], true
FROM generate_series(1, $1) n
"""
_POSTS: Final = """
INSERT INTO posts (uid, author_id, title, content, status, published_at, view_count, created_at, updated_at)
SELECT uuidv7(), 1 + n % $2, 'Layer ' || n || ' of the canyon wall', repeat('Rock in layers tells its history. ', 8),
       'published', at, n % 1000, at, at
FROM (SELECT n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute' AS at FROM generate_series(1, $1) n) s
"""
_KEY: Final = """
INSERT INTO api_keys (uid, user_id, name, hint, digest, scopes, plan)
VALUES (uuidv7(), 1, 'benchmark', $1, $2, $3, 'enterprise')
"""
_ACCOUNTS: Final = """
INSERT INTO accounts (uid, owner_id, owner_uid, currency, floor)
SELECT uuidv7(), u.id, u.uid, 'EUR', 0 FROM users u, generate_series(1, $1) WHERE u.id = 1
UNION ALL SELECT uuidv7(), NULL, NULL, 'EUR', NULL
"""
_NUMBER_OF_ACCOUNTS: Final = 50
_DEPOSITS: Final = """
SELECT ledger_move(uuidv7(), s.id, a.id, 1000, 'deposit', NULL, NULL, 0, NULL, now())
FROM accounts a, accounts s WHERE a.floor = 0 AND s.floor IS NULL
"""
_DEEP: Final = "SELECT created_at, id FROM posts ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1"


@dataclass(frozen=True)
class Data:
    """The database, the credentials and the paths of a run."""

    dsn: str
    key: str
    plain_paths: list[str]
    """Paths of single posts by UUID."""
    strata_paths: list[str]
    """Paths of the same posts in v2."""
    oldest_paths: list[str]
    """Paths of the same posts in the oldest version."""
    deep_path: str
    """The path of page ``deep_page``, with its cursor."""
    deep_page: int
    transfers: list[str]
    """Bodies of transfers between accounts of the caller."""


def prepare(server: EmbeddedPostgres, home: Path, posts: int, deep_page: int) -> Data:
    """Migrate and fill the database of a running server. With fewer pages, the deep page is the last one."""
    dsn = server.dsn()
    migrations.upgrade(dsn)
    return asyncio.run(fill(dsn, home, posts, min(deep_page, posts // PAGE)))


async def fill(dsn: str, home: Path, posts: int, deep_page: int) -> Data:
    """Fill an empty, migrated database."""
    connection = await asyncpg.connect(dsn)
    key = keys.generate("live")
    try:
        await connection.execute(_USERS, _AUTHORS)
        await connection.execute(_POSTS, posts, _AUTHORS, timeout=PATIENCE)
        await connection.execute(_KEY, keys.hint(key), keys.digest(key), sorted(key_scopes()))
        await connection.execute(_ACCOUNTS, _NUMBER_OF_ACCOUNTS)
        await connection.execute(_DEPOSITS)
        accounts = [row["uid"] for row in await connection.fetch("SELECT uid FROM accounts WHERE floor = 0")]
        await connection.execute("VACUUM ANALYZE")
        chosen = await connection.fetch("SELECT id, uid FROM posts ORDER BY random() LIMIT $1", _SAMPLE)
        last = await connection.fetchrow(_DEEP, (deep_page - 1) * PAGE - 1)
    finally:
        await connection.close()
    return Data(
        dsn=dsn,
        key=key,
        plain_paths=[f"/posts/{post['uid']}" for post in chosen],
        strata_paths=[f"{LIST}/{encode(POST, post['uid'])}" for post in chosen],
        oldest_paths=[_OLDEST.post_url({"id": encode(POST, post["uid"]), "v1_id": post["id"]}) for post in chosen],
        deep_path=f"{LIST}?limit={PAGE}&cursor={_cursor(home, (last['created_at'], last['id']))}",
        deep_page=deep_page,
        transfers=_transfers(accounts),
    )


def _transfers(accounts: Sequence[UUID]) -> list[str]:
    """The bodies of transfers between all pairs of accounts, in random order."""
    pairs = list(permutations(accounts, 2))
    random.Random(1).shuffle(pairs)  # noqa: S311 - not cryptographic
    return [_transfer(*pair) for pair in pairs]


def _transfer(payer: UUID, payee: UUID) -> str:
    accounts = {"from_account_id": encode(ACCOUNT, payer), "to_account_id": encode(ACCOUNT, payee)}
    return json.dumps({**accounts, "amount": "0.01", "currency": "EUR"})


def _cursor(home: Path, position: tuple[object, ...]) -> str:
    """The cursor of the preceding page, computed instead of read from thousands of pages."""
    key = load_settings(home=home)[HttpSettings].cursor_key
    if key is None:
        message = "the settings must contain a cursor key"
        raise ValueError(message)
    listing = listing_of(
        Request({"type": "http", "path": LIST, "query_string": f"limit={PAGE}".encode(), "headers": []})
    )
    return CursorCodec(key).encode(listing, position)
