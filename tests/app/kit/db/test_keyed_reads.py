"""Concurrent look-ups by key share a statement."""

import asyncio

from sqlalchemy import Integer, column, func, select

from app.errors import Unavailable
from app.kit.db.database import Database
from app.kit.db.statements import KeyedRead
from app.settings.database import DatabaseSettings
from observability.tracing.recording import Recording, use_recording

_NUMBERS = func.generate_series(1, 5).table_valued(column("number", Integer)).render_derived()
READ = KeyedRead(select(_NUMBERS.c.number, (_NUMBERS.c.number * 10).label("tenfold")), _NUMBERS.c.number)


async def test_each_caller_gets_its_row_and_its_span(admin_dsn: str) -> None:
    database = await Database.open(admin_dsn, DatabaseSettings())
    recordings = {key: Recording("1" * 32, "2" * 16, sampled=True) for key in (1, 2, 3, 99)}

    async def tenfold(key: int) -> int | None:
        with use_recording(recordings[key]):
            row = await database.reads.by_key(READ, key)
        return None if row is None else row["tenfold"]

    assert await asyncio.gather(*map(tenfold, recordings)) == [10, 20, 30, None]
    names = [[child.name for child in recording.children] for recording in recordings.values()]
    assert [name.count(READ.span[0]) for name in names] == [1] * 4
    await database.close()


async def test_an_unavailable_database_is_reported_to_each_caller(admin_dsn: str) -> None:
    database = await Database.open(admin_dsn, DatabaseSettings())
    await database.close()
    failures = await asyncio.gather(*(database.reads.by_key(READ, key) for key in range(3)), return_exceptions=True)
    assert [isinstance(failure, Unavailable) for failure in failures] == [True] * 3
