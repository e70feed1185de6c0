"""Reads of rooms."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select

from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.models import Room, RoomMessage, RoomPresence
from app.rooms.views import FIELDS, RoomMessageView, RoomView

PAGE: Final = 500
_ROOM: Final = bindparam("room", type_=Room.id.type)
_POSITION: Final = bindparam("position", type_=Room.position.type)
_NOW: Final = bindparam("now", type_=RoomPresence.expires_at.type)
_MESSAGES: Final = Read(
    select(*(getattr(RoomMessage, name) for name in FIELDS))
    .where(RoomMessage.room_id == _ROOM, RoomMessage.position > _POSITION)
    .order_by(RoomMessage.position)
    .limit(PAGE)
)
_STATE: Final = Read(select(Room.id, Room.position, Room.floor).where(Room.id == _ROOM))
_POSITIONS: Final = Read(
    select(Room.id, Room.position).where(Room.id == func.any(bindparam("rooms", type_=ARRAY(BigInteger()))))
)
_PRESENT: Final = Read(
    select(RoomPresence.user_uid)
    .where(RoomPresence.room_id == _ROOM, RoomPresence.expires_at > _NOW)
    .distinct()
    .order_by(RoomPresence.user_uid)
    .limit(PAGE)
)
_EXPIRED: Final = Read(
    select(RoomPresence.room_id, RoomPresence.connection).where(RoomPresence.expires_at <= _NOW).limit(PAGE)
)


class RoomQueries:
    """Reads rooms, with one statement for each method."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def messages(self, room: int, after: int) -> Sequence[RoomMessageView]:
        """At most ``PAGE`` messages behind a position, in order."""
        rows = await self._reads.all(_MESSAGES, room=room, position=after)
        return [RoomMessageView.from_row(row) for row in rows]

    async def state(self, room: int) -> RoomView | None:
        row = await self._reads.one(_STATE, room=room)
        return None if row is None else RoomView(row["id"], row["position"], row["floor"])

    async def positions(self, rooms: Collection[int]) -> Mapping[int, int]:
        """The position of each room."""
        rows = await self._reads.all(_POSITIONS, rooms=list(rooms))
        return {row["id"]: row["position"] for row in rows}

    async def present(self, room: int, now: datetime) -> Sequence[UUID]:
        """The uids of the users who are present, at most ``PAGE``."""
        return [row["user_uid"] for row in await self._reads.all(_PRESENT, room=room, now=now)]

    async def expired(self, now: datetime) -> Sequence[tuple[int, UUID]]:
        """At most ``PAGE`` connections that their process has not renewed in time, with their rooms."""
        return [(row["room_id"], row["connection"]) for row in await self._reads.all(_EXPIRED, now=now)]
