"""Exports of posts: ``python -m tests.benchmarks.exports``, with ``--rows`` for another number of posts.

A client reads ``GET /exports/posts`` of v2 from a server process, and this process copies the same table and throws the
rows away. Both take turns. Measured are, for each format:

* CPU of the server for a row / CPU of the bare copy for a row, the median of the rounds;
* the time until the first byte of the body, in milliseconds, the median of the rounds.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import httpx2
import typer

from app.exports.commands import ExportFormat
from tests.benchmarks.database import add_caller, new_database
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Processes, Server

ROWS: Final = 200_000
ROUNDS: Final = 5
_READ_SECONDS: Final = 60
_PATH: Final = "/api/v2/exports/posts"
_FULL: Final = "tests.benchmarks.variants.strata:full"
_POSTS: Final = (
    "INSERT INTO posts (author_id, uid, title, content, status, published_at)"
    " SELECT 1, uuidv7(), 'Strata ' || n, repeat('layer ', 20), 'published', now()"
    " FROM generate_series(1, $1::integer) n"
)


@dataclass
class Figures:
    """Those of one format, one for each round."""

    ratios: list[float] = field(default_factory=list)
    first_bytes: list[float] = field(default_factory=list)


async def bare_copy(dsn: str) -> float:
    """The CPU seconds of a copy of the table in this process."""
    connection = await asyncpg.connect(dsn)

    async def discard(_chunk: bytes) -> None:
        return

    before = time.process_time()
    await connection.copy_from_query("SELECT * FROM posts ORDER BY id", output=discard, format="csv")
    used = time.process_time() - before
    await connection.close()
    return used


def read(client: httpx2.Client, server: Server, form: ExportFormat, rows: int) -> tuple[float, float]:
    """The CPU seconds of the server, and the seconds until the first byte."""
    before, started, first, lines = server.cpu, time.perf_counter(), None, 0
    with client.stream("GET", _PATH, params={"format": form}) as response:
        response.raise_for_status()
        for chunk in response.iter_raw():
            first = first or time.perf_counter() - started
            lines += chunk.count(b"\n")
    assert lines >= rows, f"{form}: {lines} lines"
    return server.cpu - before, first or 0


def measure(dsn: str, server: Server, headers: Mapping[str, str], rows: int, rounds: int) -> Sequence[Figure]:
    """The figures of each format. The first round warms up and does not count."""
    figures = {form: Figures() for form in ExportFormat}
    url, identity = f"http://127.0.0.1:{server.port}", {"Accept-Encoding": "identity"}
    with httpx2.Client(base_url=url, headers={**headers, **identity}, timeout=_READ_SECONDS) as client:
        for number in range(rounds + 1):
            for form, found in figures.items():
                cpu, first = read(client, server, form, rows)
                ratio = cpu / asyncio.run(bare_copy(dsn))
                if number:
                    found.ratios.append(ratio)
                    found.first_bytes.append(first * 1000)
    return [
        goal
        for form, found in figures.items()
        for goal in (
            Figure(f"{form}: CPU of a row / of a bare copy", statistics.median(found.ratios), at_most=2),
            Figure(f"{form}: first byte", statistics.median(found.first_bytes), "ms", at_most=100),
        )
    ]


async def prepare(dsn: str, rows: int) -> str:
    """Add a user with posts, and return their API key."""
    connection = await asyncpg.connect(dsn)
    try:
        key = await add_caller(connection)
        await connection.execute(_POSTS, rows)
        await connection.execute("VACUUM ANALYZE posts")
    finally:
        await connection.close()
    return key


def run(dsn: str, folder: Path, rows: int, rounds: int) -> Sequence[Figure]:
    """Start the server on a migrated database, and measure."""
    key = asyncio.run(prepare(dsn, rows))
    environment = {"STRATA_HOME": str(folder), "STRATA_DATABASE__URL": dsn, "STRATA_LOG__FORMAT": "json"}
    with Processes(folder, environment) as processes:
        generator, server = processes.generator(), processes.serve("server", _FULL, {})
        generator.wait_for_response(server, "/health/ready", {})
        return measure(dsn, server, {"X-API-Key": key}, rows, rounds)


def main(
    rows: Annotated[int, typer.Option(min=1, help="Posts.")] = ROWS,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds that count.")] = ROUNDS,
) -> None:
    """Print the figures. The command starts PostgreSQL with a temporary folder, and stops it at the end."""
    with new_database() as (dsn, folder):
        goals = run(dsn, folder, rows, rounds)
    for goal in goals:
        sys.stdout.write(f"{goal}\n")


if __name__ == "__main__":
    typer.run(main)
