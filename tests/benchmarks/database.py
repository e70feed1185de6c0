"""The database of a run, and the user who calls the servers on it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from app.access import keys
from app.access.permissions import key_scopes
from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres
from observability.logs.configuration import configure

_USER: Final = """
INSERT INTO users (uid, email, display_name, password_hash, roles, is_verified)
VALUES (uuidv7(), 'caller@bench.example', 'Caller', '-', ARRAY['author'], true) RETURNING id
"""
_KEY: Final = (
    "INSERT INTO api_keys (uid, user_id, name, hint, digest, scopes, plan)"
    " VALUES (uuidv7(), $1, 'benchmark', $2, $3, $4, 'enterprise')"
)


@contextmanager
def new_database() -> Iterator[tuple[str, Path]]:
    """The URL of a migrated database that syncs its commits, and the folder of the run; both are gone at the end.

    This process does not log, and does not read the settings of its environment.
    """
    for name in [name for name in os.environ if name.startswith("STRATA_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder, Path(os.devnull).open("wb") as log:
        configure("info", "json", log)
        server = EmbeddedPostgres(Path(folder))
        try:
            server.start()
            migrations.upgrade(server.dsn())
            yield server.dsn(), Path(folder)
        finally:
            server.destroy()


async def add_caller(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """Add the first user, an author with all scopes, and return their API key."""
    key = keys.generate("live")
    user = await connection.fetchval(_USER)
    await connection.execute(_KEY, user, keys.hint(key), keys.digest(key), sorted(key_scopes()))
    return key
