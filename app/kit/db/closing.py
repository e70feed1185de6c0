"""Closes connections that are outside of the pools."""

from contextlib import suppress
from typing import Final

import asyncpg

from app.kit.db.errors import DRIVER_ERRORS

_SECONDS: Final = 1.0


async def close_connection(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Close a connection, which may be lost already."""
    # A connection that does not close in time is aborted by asyncpg.
    with suppress(*DRIVER_ERRORS):
        await connection.close(timeout=_SECONDS)
