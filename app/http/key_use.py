"""The uses of API keys that one process has not written yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.access.key_use import KeyUse
from app.http.runtime import Component, Runtime
from app.kit.background import repeating
from app.kit.db.database import UnitOfWork

FLUSH_SECONDS: Final = 10.0


class KeyUseComponent(Component):
    """Writes the uses of keys every ``FLUSH_SECONDS``, and the remaining ones when the process ends."""

    def __init__(self, database: UnitOfWork) -> None:
        self.uses = KeyUse()
        self._database = database

    @classmethod
    def build(cls, runtime: Runtime) -> "KeyUseComponent":
        """No settings are needed."""
        return cls(runtime.database)

    async def flush(self) -> None:
        """Write the uses now. Raises as a write transaction does."""
        await self.uses.flush(self._database)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        async with repeating("key_uses_not_written", self.flush, FLUSH_SECONDS):
            yield
