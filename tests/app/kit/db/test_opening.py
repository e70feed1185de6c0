"""Every setting of the database reaches both pools, and an address has one meaning for both drivers."""

from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.kit.db import database as module
from app.kit.db.database import Database, sqlalchemy_url
from app.settings.database import DatabaseSettings

SESSION = {
    "application_name": "strata",
    "statement_timeout": "12000",
    "lock_timeout": "3500",
    "idle_in_transaction_session_timeout": "14000",
    "timezone": "UTC",
    "datestyle": "ISO",
    "jit": "off",
}
CHOSEN = DatabaseSettings(
    connect_timeout=11,
    statement_timeout=12,
    lock_timeout=3.5,
    idle_transaction_timeout=14,
    read_pool_size=4,
    write_pool_size=5,
)


async def test_every_setting_reaches_both_pools(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: dict[str, Any] = {}
    copies: dict[str, Any] = {}
    writes: dict[str, Any] = {}
    create_pool, create_engine = asyncpg.create_pool, module.create_async_engine

    def pool(dsn: str, **given: Any) -> Any:
        of_exports = given["server_settings"]["application_name"] == "strata export"
        (copies if of_exports else reads).update(given)
        return create_pool(dsn, **given)

    def engine(url: str, **given: Any) -> Any:
        writes.update(given)
        return create_engine(url, **given)

    monkeypatch.setattr(module.asyncpg, "create_pool", pool)
    monkeypatch.setattr(module, "create_async_engine", engine)
    database = await Database.open(database_dsn, CHOSEN)
    connections = database._connections
    assert (connections._timeout, connections._limit) == (11, 24)
    writes_at_once = database.single_writes
    assert (writes_at_once._slots._value, writes_at_once._timeout) == (2, 11), "reads keep half of the connections"
    await database.close()
    names = ("min_size", "max_size", "timeout", "command_timeout", "server_settings")
    assert [reads[name] for name in names] == [0, 4, 11, 13, SESSION]
    assert [copies[name] for name in names[:3]] == [0, 2, 11]
    assert copies["server_settings"]["statement_timeout"] == "0"
    pools = ("pool_size", "max_overflow", "pool_timeout", "pool_recycle", "pool_use_lifo")
    assert [writes[name] for name in pools] == [5, 0, 11, 1800, True]
    assert writes["connect_args"] == {"timeout": 11, "command_timeout": 13, "server_settings": SESSION}


@pytest.mark.parametrize(
    ("dsn", "url"),
    [
        ("postgresql://u:p@db:5433/name", "postgresql+asyncpg://u:p@db:5433/name"),
        ("postgresql://u@db/name?sslmode=require", "postgresql+asyncpg://u@db/name?ssl=require"),
        ("postgresql://u@/name?host=/run/pg", "postgresql+asyncpg://u@/name?host=%2Frun%2Fpg"),
        ("postgresql:///name", "postgresql+asyncpg:///name"),
    ],
)
def test_an_address_of_the_other_driver(dsn: str, url: str) -> None:
    assert sqlalchemy_url(dsn) == url


async def test_a_database_that_replies_from_the_start_is_no_news(database_dsn: str) -> None:
    database = await Database.open(database_dsn, DatabaseSettings())
    with capture_logs() as lines:
        async with database.observed():
            await database.ping()
    assert [line for line in lines if line["event"].startswith("database_")] == []
    await database.close()
