"""Keeps the connections of one process present in their rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from app.access.principal import Principal
from app.kit.background import repeat, tasks_running
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.rooms.queries import RoomQueries
from app.rooms.repository import RoomRepository
from app.rooms.service import PRESENT_FOR, RoomService, leave
from app.rooms.views import RoomView

_RENEW_SECONDS: Final = 10.0


class Presence:
    """Renews all connections with one statement, and removes those of processes that ended without a word."""

    def __init__(self, database: UnitOfWork) -> None:
        self._database = database
        self._users: dict[tuple[int, UUID], tuple[UUID, int]] = {}
        self._writing = asyncio.Lock()
        """A connection must not leave between the start and the end of a renewal, which would write it again."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Renew in the background during the block."""
        async with tasks_running(repeat("presence_not_renewed", self.renew, _RENEW_SECONDS)):
            yield

    async def enter(self, principal: Principal, name: str, connection: UUID) -> RoomView:
        """See ``RoomService.enter``."""
        user = principal.signed_in()
        async with self._database.write() as session:
            view = await RoomService(session, principal).enter(name, connection)
        self._users[view.id, connection] = user.user_uid, user.user_id
        return view

    async def leave(self, room: int, connection: UUID) -> None:
        """See ``leave``. After an error the connection expires."""
        async with self._writing:
            self._users.pop((room, connection), None)
        async with self._database.write() as session:
            await leave(session, room, connection)

    async def renew(self) -> None:
        """Renew the connections of this process, then remove expired ones of others."""
        async with self._writing:
            present = [(room, connection, *user) for (room, connection), user in self._users.items()]
            if present:
                async with self._database.write() as session:
                    await RoomRepository(session).renew(present, utc_now() + PRESENT_FOR)
        now = utc_now()
        for room, connection in await RoomQueries(self._database.reads).expired(now):
            async with self._database.write() as session:
                await leave(session, room, connection, expired_at=now)
