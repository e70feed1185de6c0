"""Writes of rooms. Every write locks the row of its room first, which puts the messages of the room in one order."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Uuid, bindparam, delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert

from app.access.principal import SignedIn
from app.kit.db.batches import BATCH
from app.kit.db.sessions import WriteSession
from app.models import Room, RoomMessage, RoomPresence
from app.rooms.nudges import written
from app.rooms.views import MessageKind

Present = tuple[int, UUID, UUID, int]
"""A room, a connection, and the uid and the id of its user."""
_RENEW: Final = text(
    "INSERT INTO room_presence (room_id, connection, user_uid, user_id, expires_at)"
    " SELECT r, c, u, i, :expires_at FROM unnest(:rooms, :connections, :uids, :ids) AS p(r, c, u, i)"
    " ON CONFLICT (room_id, connection) DO UPDATE SET expires_at = excluded.expires_at"
).bindparams(
    bindparam("rooms", type_=ARRAY(BigInteger())),
    bindparam("connections", type_=ARRAY(Uuid())),
    bindparam("uids", type_=ARRAY(Uuid())),
    bindparam("ids", type_=ARRAY(BigInteger())),
)
_PURGE: Final = text(
    "WITH old AS (SELECT room_id, position FROM room_messages WHERE created_at < :before"
    " ORDER BY created_at LIMIT :limit),"
    " gone AS (DELETE FROM room_messages m USING old WHERE m.room_id = old.room_id AND m.position = old.position"
    " RETURNING m.room_id, m.position),"
    " raised AS (UPDATE rooms SET floor = greatest(floor, last.position)"
    " FROM (SELECT room_id, max(position) AS position FROM gone GROUP BY room_id) AS last"
    " WHERE rooms.id = last.room_id)"
    " SELECT count(*) FROM gone"
)


class RoomRepository:
    """Rooms in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def lock(self, name: str, now: datetime) -> Room:
        """The room, which is created if there is none."""
        room = await self._locked(Room.name == name)
        if room is None:
            # Positions of a room that was deleted and is created again continue above its old ones: a reader that
            # resumes is below the floor, and is notified. There are fewer than a thousand messages in a second.
            start = int(now.timestamp() * 1000)
            new = insert(Room).values(name=name, position=start, floor=start, changed_at=now)
            # The update locks a row that another transaction has inserted meanwhile.
            same = new.on_conflict_do_update(index_elements=[Room.name], set_={"changed_at": now})
            await self._session.execute(same)
            room = await self._locked(Room.name == name)
        if room is None:
            message = f"the room was deleted while it was locked: {name}"
            raise LookupError(message)
        room.changed_at = now
        return room

    async def lock_by_id(self, room: int) -> Room | None:
        return await self._locked(Room.id == room)

    async def _locked(self, condition: ColumnElement[bool]) -> Room | None:
        found: Room | None = await self._session.scalar(
            select(Room).where(condition).with_for_update().execution_options(populate_existing=True)
        )
        return found

    async def add(self, room: Room, kind: MessageKind, sender: SignedIn, now: datetime, message: str | None) -> int:
        """Add a message to a locked room, and return its position."""
        room.position += 1
        room.changed_at = now
        self._session.add(
            RoomMessage(
                room_id=room.id,
                position=room.position,
                kind=kind.value,
                sender_uid=sender.user_uid,
                sender_id=sender.user_id,
                text=message,
                created_at=now,
            )
        )
        await self._session.flush()
        self._session.nudge(written(room.id))
        return room.position

    async def is_present(self, room: int, user: UUID, now: datetime) -> bool:
        """Whether a connection of a user is in a locked room."""
        found = exists().where(
            RoomPresence.room_id == room, RoomPresence.user_uid == user, RoomPresence.expires_at > now
        )
        return bool(await self._session.scalar(select(found)))

    async def renew(self, present: Collection[Present], expires_at: datetime) -> None:
        """Write that connections are in their rooms until a moment."""
        rooms, connections, uids, ids = zip(*present, strict=True)
        values = {"rooms": list(rooms), "connections": list(connections), "uids": list(uids), "ids": list(ids)}
        await self._session.execute(_RENEW, {**values, "expires_at": expires_at})

    async def remove(self, room: int, connection: UUID, expired_at: datetime | None) -> SignedIn | None:
        """Delete a connection, where stated only if it has expired, and return its user."""
        statement = delete(RoomPresence).where(RoomPresence.room_id == room, RoomPresence.connection == connection)
        if expired_at is not None:
            statement = statement.where(RoomPresence.expires_at <= expired_at)
        row = (await self._session.execute(statement.returning(RoomPresence.user_id, RoomPresence.user_uid))).first()
        return None if row is None else SignedIn(row[0], row[1])

    async def purge(self, before: datetime) -> int:
        """Delete one batch of messages from before a moment, raise the floors, and return the number of messages."""
        deleted: int = (await self._session.scalars(_PURGE, {"before": before, "limit": BATCH})).one()
        return deleted

    async def purge_rooms(self, before: datetime) -> int:
        """Delete one batch of rooms without messages and visitors that did not change since a moment."""
        used = exists().where(RoomMessage.room_id == Room.id) | exists().where(RoomPresence.room_id == Room.id)
        old = select(Room.id).where(Room.changed_at < before, ~used).order_by(Room.changed_at).limit(BATCH)
        statement = delete(Room).where(Room.id.in_(old), Room.changed_at < before).returning(Room.id)
        return len((await self._session.execute(statement)).all())
