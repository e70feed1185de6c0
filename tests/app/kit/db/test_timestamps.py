"""Timestamps that travel as text are those that travel in the driver's own form."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest

from app.kit.db.timestamps import SESSION, set_timestamp_codec

TIMES = [
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1000, 1, 1, tzinfo=UTC),
    datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(2026, 10, 25, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=-11))),
]
SQL = (
    "SELECT $1::timestamptz AS one, ARRAY[$1::timestamptz, NULL] AS two, NULL::timestamptz AS three, $2::timestamptz[]"
)


@pytest.fixture
async def connections(database_dsn: str) -> AsyncIterator[tuple[Any, Any]]:
    """One with the codec and one without."""
    text = await asyncpg.connect(database_dsn, server_settings=SESSION)
    binary = await asyncpg.connect(database_dsn, server_settings={"timezone": "Asia/Kathmandu"})
    await set_timestamp_codec(text)
    yield text, binary
    await text.close()
    await binary.close()


@pytest.mark.parametrize("at", TIMES, ids=str)
async def test_a_timestamp_is_the_same_in_both_forms(connections: tuple[Any, Any], at: datetime) -> None:
    text, binary = [await connection.fetchrow(SQL, at, [at, at]) for connection in connections]
    assert text == binary
    assert text["one"] == at
    assert [value.tzinfo for value in (text["one"], text["two"][0], text[3][1])] == [UTC] * 3


async def test_the_parser_of_the_language_reads_them(connections: tuple[Any, Any]) -> None:
    """What the parser cannot read is an error, whereas the driver turns it into a date."""
    text, binary = connections
    assert (await binary.fetchval("SELECT timestamptz 'infinity'")).year == 9999
    with pytest.raises(ValueError, match="infinity"):
        await text.fetchval("SELECT timestamptz 'infinity'")
