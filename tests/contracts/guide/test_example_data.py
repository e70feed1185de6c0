"""The data of the examples in migration guides."""

import asyncio

import asyncpg

from tests.support.guide_data import Data
from tests.support.postgres import clone, owner_dsn
from tests.support.waiting import eventually

_WAITING = "SELECT count(*) FROM pg_locks WHERE database = $1 AND locktype = $2 AND NOT granted"
_GATE = "SELECT pg_advisory_lock(7)"


async def test_the_data_is_restored_although_a_write_of_the_server_leads_to_a_deadlock(admin_dsn: str) -> None:
    dsn = owner_dsn(await clone(admin_dsn, "deadlock"))
    ours, server, gate = [await asyncpg.connect(dsn) for _ in range(3)]
    database = await ours.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")

    def waiting(kind: str) -> "asyncio.Task[None]":
        async def found() -> bool:
            return await gate.fetchval(_WAITING, database, kind) == 1

        return asyncio.create_task(eventually(found))

    await ours.execute("CREATE TABLE one (); CREATE TABLE two (); SET deadlock_timeout = '10ms'")
    # PostgreSQL ends the statement that looks for a deadlock first.
    await server.execute("SET deadlock_timeout = '1h'; BEGIN; TRUNCATE two")
    await gate.execute(_GATE)
    restored = asyncio.create_task(Data(ours, {}, frozenset(), f"TRUNCATE one; {_GATE}; TRUNCATE two").restore())
    await waiting("advisory")
    writes = asyncio.create_task(server.execute("TRUNCATE one; COMMIT"))
    await waiting("relation")
    await gate.execute("SELECT pg_advisory_unlock(7)")
    await asyncio.gather(writes, restored)
    for connection in (ours, server, gate):
        await connection.close()
