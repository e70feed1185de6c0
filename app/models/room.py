"""Rooms, their messages for a day, and who is present."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Timestamp


class Room(Base):
    """A room exists from the first message or visitor until it was empty for the retention time.

    ``position`` is that of its last message. Messages after ``floor`` are complete; older ones may be deleted.
    """

    __tablename__ = "rooms"
    __table_args__ = (Index("ix_rooms_changed_at", "changed_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    floor: Mapped[int]
    changed_at: Mapped[Timestamp]


class RoomMessage(Base):
    """What a user did in a room: wrote, joined or left. Without a foreign key to its sender, whom it outlives."""

    __tablename__ = "room_messages"
    __table_args__ = (Index("ix_room_messages_created_at", "created_at"),)

    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    sender_uid: Mapped[UUID]
    sender_id: Mapped[int]
    text: Mapped[str | None]
    created_at: Mapped[Timestamp]


class RoomPresence(Base):
    """A connection in a room, until ``expires_at`` unless its process renews it.

    The table is unlogged: after a crash of the server it is empty, and processes write their connections again.
    """

    __tablename__ = "room_presence"
    __table_args__ = (
        Index("ix_room_presence_expires_at", "expires_at"),
        {"prefixes": ["UNLOGGED"]},
    )

    room_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    connection: Mapped[UUID] = mapped_column(primary_key=True)
    user_uid: Mapped[UUID]
    user_id: Mapped[int]
    expires_at: Mapped[datetime]
