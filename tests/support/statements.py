"""The statements of a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from sqlalchemy import event

from tests.support.app import TestApp
from tests.support.rollback_database import RollbackDatabase


@asynccontextmanager
async def statements(test_app: TestApp) -> AsyncIterator[list[str]]:
    """What is sent to PostgreSQL, without this suite's savepoints and the driver's one look at the types it meets."""
    database = cast("RollbackDatabase", test_app.runtime.database)
    connection = database.connection.sync_connection
    seen: list[str] = []

    def note(text: str) -> None:
        if not text.startswith(("SAVEPOINT", "RELEASE")) and "typeinfo_tree" not in text and "'jit'" not in text:
            seen.append(text)

    def read(record: Any) -> None:
        note(record.query.strip())

    def written(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        note(text.strip())

    database.driver.add_query_logger(read)
    event.listen(connection, "before_cursor_execute", written)
    try:
        yield seen
        # The driver reports a statement in the loop's next round.
        await asyncio.sleep(0)
    finally:
        database.driver.remove_query_logger(read)
        event.remove(connection, "before_cursor_execute", written)
