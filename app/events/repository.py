"""Writes of the outbox: positions and cursors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from sqlalchemy import CursorResult, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from app.events import statements
from app.events.stored import StoredEvent
from app.kit.db import locks
from app.kit.db.batches import BATCH
from app.kit.db.sessions import WriteSession
from app.models import Event, EventConsumer

_LOCK: Final = "events.relay"


class EventRepository:
    """Events in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def try_lock_relay(self) -> bool:
        """Whether this transaction relays. The lock is held until its positions are visible to others."""
        return await locks.try_lock(self._session, _LOCK)

    async def relay(self, limit: int) -> list[int]:
        """Give positions to committed events in the order of their ids, and return the positions."""
        return list((await self._session.scalars(statements.RELAY, {"limit": limit})).all())

    async def purge(self, before: datetime, consumers: Sequence[str]) -> int:
        """Delete one batch of the events that happened before a moment, and return their number.

        They are deleted in the order of positions, so readers miss none above the floor. Those that one of the
        consumers has not handled stay, and the newest event does.
        """
        values = {"limit": BATCH, "before": before, "consumers": list(consumers)}
        return cast("CursorResult[object]", await self._session.execute(statements.PURGE, values)).rowcount

    async def forget_consumers(self, before: datetime, consumers: Sequence[str]) -> Sequence[str]:
        """Delete the cursors of others that missed an event from before a moment, and return their names."""
        values = {"before": before, "consumers": list(consumers)}
        return list((await self._session.scalars(statements.FORGET_CONSUMERS, values)).all())

    async def add_cursor(self, name: str, now: datetime) -> None:
        """Add a cursor behind the newest event, unless it exists."""
        new = insert(EventConsumer).from_select(
            ["name", "position", "moved_at"],
            select(literal(name), statements.HIGHEST, literal(now, EventConsumer.moved_at.type)),
        )
        await self._session.execute(new.on_conflict_do_nothing(index_elements=[EventConsumer.name]))

    async def lock_cursor(self, name: str) -> int | None:
        """The position of a cursor, which is locked; None if it does not exist or another transaction has locked it."""
        found: int | None = await self._session.scalar(
            select(EventConsumer.position).where(EventConsumer.name == name).with_for_update(skip_locked=True)
        )
        return found

    async def after(self, position: int, limit: int) -> Sequence[StoredEvent]:
        """Events after a position, in the order of positions."""
        rows = await self._session.execute(
            select(*statements.COLUMNS).where(Event.position > position).order_by(Event.position).limit(limit)
        )
        return [StoredEvent.from_row(row) for row in rows.mappings()]

    async def move_cursor(self, name: str, position: int, now: datetime) -> None:
        """Record that every event up to a position was handled."""
        await self._session.execute(
            update(EventConsumer).where(EventConsumer.name == name).values(position=position, moved_at=now)
        )
