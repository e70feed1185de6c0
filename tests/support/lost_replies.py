"""Databases whose transactions fail, before or after the commit."""

from typing import Any

from app.errors import Unavailable
from app.kit.db.database import UnitOfWork


class LosesTheReply:
    """Commits and then reports an outage, as a connection that is lost during the commit."""

    def __init__(self, database: UnitOfWork) -> None:
        self._database = database

    def write(self) -> Any:
        outer = self._database.write()

        class Lost:
            async def __aenter__(self) -> Any:
                return await outer.__aenter__()

            async def __aexit__(self, *error: object) -> None:
                await outer.__aexit__(*error)
                raise Unavailable

        return Lost()


class Unreachable:
    """Rejects every transaction."""

    def write(self) -> None:
        raise Unavailable
