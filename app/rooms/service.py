"""Use cases that enter and leave rooms, and write messages."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.rooms.policy import ensure_may_enter, ensure_may_publish
from app.rooms.repository import RoomRepository
from app.rooms.views import MessageKind, RoomView

PRESENT_FOR: Final = timedelta(seconds=30)
"""How long a connection is present if its process does not renew it."""


class RoomService:
    """Acts in rooms on behalf of a principal. Raises ``Unauthenticated`` and ``InsufficientPermissions``."""

    def __init__(self, session: WriteSession, principal: Principal) -> None:
        self._repository = RoomRepository(session)
        self._principal = principal

    async def enter(self, name: str, connection: UUID) -> RoomView:
        """Enter a room with a connection. The first one of a user is a message to all who are present.

        The view is of the moment before that message.
        """
        user, now = ensure_may_enter(self._principal), utc_now()
        room = await self._repository.lock(name, now)
        view = RoomView(room.id, room.position, room.floor)
        joins = not await self._repository.is_present(room.id, user.user_uid, now)
        await self._repository.renew([(room.id, connection, user.user_uid, user.user_id)], now + PRESENT_FOR)
        if joins:
            await self._repository.add(room, MessageKind.JOINED, user, now, None)
        return view

    async def publish(self, name: str, text: str) -> int:
        """Write a message, and return its position in the room."""
        user, now = ensure_may_publish(self._principal), utc_now()
        room = await self._repository.lock(name, now)
        return await self._repository.add(room, MessageKind.MESSAGE, user, now, text)


async def leave(session: WriteSession, room_id: int, connection: UUID, expired_at: datetime | None = None) -> bool:
    """A connection leaves a room, where stated only if it has expired; its user leaves with the last connection.

    Needs no permission: also a caller who lost it leaves.
    """
    repository, now = RoomRepository(session), utc_now()
    room = await repository.lock_by_id(room_id)
    user = await repository.remove(room_id, connection, expired_at)
    if user is None or room is None:
        return False
    if not await repository.is_present(room_id, user.user_uid, now):
        await repository.add(room, MessageKind.LEFT, user, now, None)
    return True
