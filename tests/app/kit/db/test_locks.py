"""Advisory locks exclude each other by purpose and key, until the transaction ends."""

from app.kit.db.database import Database
from app.kit.db.locks import lock, lock_ids, try_lock
from app.settings.database import DatabaseSettings


async def test_a_lock_is_exclusive_for_its_purpose_and_key(admin_dsn: str) -> None:
    database = await Database.open(admin_dsn, DatabaseSettings())
    async with database.write() as first, database.write() as second:
        await lock(first, "test", b"key")
        assert not await try_lock(second, "test", b"key")
        assert await try_lock(second, "test", b"other key")
        assert await try_lock(second, "other test", b"key")
    async with database.write() as third:
        assert await try_lock(third, "test", b"key"), "released at the end of the transaction"
    await database.close()


def test_the_ids_fit_into_the_integers_of_postgresql() -> None:
    ids = [part for name in ("idempotency", "lifecycle", "migrations") for part in lock_ids(name, name.encode())]
    assert all(-(2**31) <= part < 2**31 for part in ids)
