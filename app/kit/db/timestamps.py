"""Timestamps travel as text: a function of C parses them.

The driver's own codec for the binary form adds an interval to an epoch, which takes four times as long. A page of 20
posts has 63 timestamps, which cost more than all of its other values.
"""

from datetime import datetime
from typing import Final

import asyncpg

SESSION: Final = {"timezone": "UTC", "datestyle": "ISO"}
"""The settings of a session on which the text of a timestamp depends."""


async def set_timestamp_codec(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let a connection, whose session has the settings of ``SESSION``, pass timestamps with a time zone as text."""
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=datetime.isoformat, decoder=datetime.fromisoformat
    )
