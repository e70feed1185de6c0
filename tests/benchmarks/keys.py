"""API keys in number: ``python -m tests.benchmarks.keys``, with ``--keys`` for another number than 100,000.

Compares the use of a key among 100 and among many keys, the first use of a key with the next one, and measures what
Python allocates for the use of all keys. A use is what a serving process does for a request with a key: it finds the
caller in PostgreSQL and records the use in memory. Rounds are interleaved; the figures are medians of elapsed time.
"""

import asyncio
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
from pydantic import SecretStr

from app.access import keys
from app.access.key_use import KeyUse
from app.access.permissions import key_scopes
from app.access.reader import PrincipalResolver
from app.kit.clock import utc_now
from app.kit.db import migrations
from app.kit.db.database import Database
from app.kit.db.embedded import EmbeddedPostgres
from app.settings.database import DatabaseSettings
from tests.support.waiting import PATIENCE

FEW: Final = 100
_ROUNDS: Final = 30
_SAMPLE: Final = 50
_USER: Final = """
INSERT INTO users (uid, email, display_name, password_hash, roles, is_verified)
VALUES (uuidv7(), 'keys@bench.example', 'Keys', '-', ARRAY['author'], true)
"""
_KEYS: Final = """
INSERT INTO api_keys (uid, user_id, name, hint, digest, scopes, plan)
SELECT uuidv7(), 1, 'benchmark', hint, digest, $3, 'enterprise' FROM unnest($1::text[], $2::bytea[]) AS t (hint, digest)
"""


async def fill(dsn: str, number: int) -> list[str]:
    """Add keys of one user, and return their texts."""
    texts = [keys.generate("live") for _ in range(number)]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_USER)
        hints, digests = [keys.hint(text) for text in texts], [keys.digest(text) for text in texts]
        await connection.execute(_KEYS, hints, digests, sorted(key_scopes()), timeout=PATIENCE)
        await connection.execute("VACUUM ANALYZE", timeout=PATIENCE)
    finally:
        await connection.close()
    return texts


class Process:
    """What a serving process does with a key: it resolves it and records the use in memory."""

    def __init__(self, database: Database) -> None:
        self._resolver = PrincipalResolver(database.reads)
        self._use = KeyUse()

    async def microseconds(self, texts: Iterable[str]) -> float:
        """The median of the durations of uses, one after the other."""
        durations = []
        for text in texts:
            start = time.perf_counter()
            principal = await self._resolver.by_key(text)
            if principal.key_uid is not None:
                self._use.record(principal.key_uid, utc_now())
            durations.append(time.perf_counter() - start)
        return statistics.median(durations) * 1e6


async def measure(dsns: Sequence[str], number: int) -> dict[str, float]:
    """The figures, by name."""
    few, many = await fill(dsns[0], FEW), await fill(dsns[1], number)
    opened = [await Database.open(dsn, DatabaseSettings(url=SecretStr(dsn))) for dsn in dsns]
    small, large = (Process(database) for database in opened)
    pairs: list[tuple[float, float]] = []
    uses: list[tuple[float, float]] = []
    try:
        await small.microseconds(few)
        await large.microseconds(many[:FEW])
        for n in range(_ROUNDS):
            part = many[FEW + n * _SAMPLE :][:_SAMPLE]
            first = await large.microseconds(part)
            uses.append((first, await large.microseconds(part)))
            pairs.append((await small.microseconds(few[:_SAMPLE]), await large.microseconds(part)))
        tracemalloc.start()
        await large.microseconds(many)
        allocated, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        for database in opened:
            await database.close()
    return {
        f"use among {len(few)} keys, us": statistics.median(a for a, _ in pairs),
        f"use among {len(many)} keys, us": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(b / a for a, b in pairs),
        "first use, us": statistics.median(a for a, _ in uses),
        "next use, us": statistics.median(b for _, b in uses),
        "ratio of first and next": statistics.median(a / b for a, b in uses),
        "bytes per key after the use of all": allocated / number,
    }


def main(
    number: Annotated[int, typer.Option("--keys", min=2000, help="Keys of the larger database.")] = 100_000,
) -> None:
    """Print the figures. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    with tempfile.TemporaryDirectory(prefix="strata-keys-") as folder:
        servers = [EmbeddedPostgres(Path(folder) / name, durable=False) for name in ("few", "many")]
        try:
            for server in servers:
                server.start()
                migrations.upgrade(server.dsn())
            found = asyncio.run(measure([server.dsn() for server in servers], number))
        finally:
            for server in servers:
                server.destroy()
    for name, value in found.items():
        sys.stdout.write(f"{name:<36}{value:>12.2f}\n")


if __name__ == "__main__":
    typer.run(main)
