"""A large export of a real process: constant memory, and nothing left a second after its client leaves.

60,000 rows; with ``TESTS_DEEP=1`` a million.
"""

import os
import time
from pathlib import Path

import asyncpg
import httpx2

from tests.support.imports import resident
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import PATIENCE, eventually, stretched
from tests.support.wire import WIRE

ROWS = 1_000_000 if os.environ.get("TESTS_DEEP") == "1" else 60_000
GROWTH_MB = 50
_FILL = (
    "INSERT INTO posts (author_id, uid, title, content, status, published_at, created_at, updated_at)"
    " SELECT users.id, gen_random_uuid(), 'Strata ' || n, repeat('x', 240), 'published', now(), now(), now()"
    " FROM users, generate_series(1, $1::integer) n"
)
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'strata export' AND datname = $1"


async def test_a_large_export_and_one_that_is_left(admin_dsn: str, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "export")
    strata, owner = Strata(tmp_path / "home", dsn), await asyncpg.connect(owner_dsn(dsn))
    key = dict(api_key(strata, "ada@example.com", "author"))
    await owner.execute(_FILL, ROWS)
    await owner.execute("ANALYZE posts")
    name = await owner.fetchval("SELECT current_database()")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with strata.running("serve", PORT=str(port)) as process:
        wait_until_ready(url, process, lambda: strata.log("serve"))
        async with httpx2.AsyncClient(base_url=url, headers=key, timeout=PATIENCE) as client:
            path = f"/api/{WIRE}/exports/posts?format=ndjson"
            before = resident(process.pid, "VmHWM")
            rows = 0
            async with client.stream("GET", path) as response:
                async for part in response.aiter_bytes():
                    rows += part.count(b"\n")
            assert rows == ROWS
            assert resident(process.pid, "VmHWM") - before < GROWTH_MB

            async with client.stream("GET", path) as response:
                await anext(response.aiter_bytes())
            left = time.perf_counter()

            async def is_gone() -> bool:
                return bool(await owner.fetchval(f"{_OPEN} AND state = 'active'", name) == 0)

            await eventually(is_gone)
            assert time.perf_counter() - left < stretched(1)
    await owner.close()
