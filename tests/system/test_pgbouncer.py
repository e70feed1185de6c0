"""The product behind PgBouncer, which pools sessions: many processes share few connections of the server."""

import asyncio
from pathlib import Path

import asyncpg
import httpx2

from tests.support.live import Strata, api_key
from tests.support.pgbouncer import pgbouncer
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import PATIENCE, eventually

READERS = 24
SIZE = 20
REPORT = {"start_date": "2026-11-01", "end_date": "2026-11-02"}


async def test_requests_jobs_and_notifications_pass_through_a_pool_of_sessions(admin_dsn: str, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "pgbouncer")
    direct = await asyncpg.connect(owner_dsn(dsn))
    name = await direct.fetchval("SELECT current_database()")
    await direct.execute(f"ALTER DATABASE \"{name}\" SET statement_timeout = '7s'")
    try:
        with pgbouncer(dsn, SIZE) as pooled:
            strata = Strata(tmp_path / "home", pooled)
            headers = api_key(strata)
            with strata.serving() as url, strata.running("worker"):
                async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE) as client:
                    made = await client.post(
                        "/api/v2/posts",
                        json={"title": "Pooled", "content": "c", "status": "published"},
                        headers={"Idempotency-Key": "k-1"},
                    )
                    assert made.status_code == 201, made.text
                    found = await asyncio.gather(*(client.get(made.headers["Location"]) for _ in range(READERS)))
                    assert {response.status_code for response in found} == {200}
                    job = await client.post("/api/v2/jobs", json={"type": "report", "params": REPORT})
                    assert job.status_code == 202, job.text

                    async def finished() -> bool:
                        return (await client.get(job.headers["Location"])).json()["status"] == "succeeded"

                    await eventually(finished)
            through = await asyncpg.connect(pooled)
            assert await through.fetchval("SHOW statement_timeout") == "7s", "the database sets what PgBouncer ignores"
            await through.close()
    finally:
        await direct.close()
