"""Writers of events with delays and rollbacks, and what a reader missed, doubled, invented or reordered of them."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final
from uuid import UUID

import asyncpg
from sqlalchemy import select

from app.errors import DomainError
from app.events.recorder import Event, EventRecorder, Subject
from app.kit.db.database import Database
from app.models import User
from app.settings.database import DatabaseSettings

WRITERS: Final = 12
AGGREGATES: Final = 20
_ROLLBACKS: Final = 0.1
_LONGEST_DELAY: Final = 0.03
SETTINGS: Final = DatabaseSettings(write_pool_size=WRITERS, lock_timeout=60, statement_timeout=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Event):
    """A change; later ones of a subject have higher numbers."""

    type: ClassVar[str] = "toy.counted"
    number: int


@dataclass
class Load:
    """What the writers have committed, and what a reader has seen: subjects and numbers."""

    committed: set[tuple[UUID, int]] = field(default_factory=set)
    seen: list[tuple[UUID, int]] = field(default_factory=list)

    @property
    def missed(self) -> int:
        return len(self.committed - set(self.seen))

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in Counter(self.seen).values())

    @property
    def phantom(self) -> int:
        return len(set(self.seen) - self.committed)

    @property
    def disorder(self) -> int:
        """How often an event of a subject came after a later one."""
        highest: Counter[UUID] = Counter()
        found = 0
        for subject, number in self.seen:
            found += number < highest[subject]
            highest[subject] = max(highest[subject], number)
        return found


async def add_subjects(database: Database) -> Sequence[int]:
    """The ids of new users, whose rows the writers lock."""
    async with database.write() as session:
        users = [
            User(email=f"{number}@example.com", display_name="A", password_hash=None, roles=["reader"])
            for number in range(AGGREGATES)
        ]
        session.add_all(users)
    return [user.id for user in users]


class _RolledBack(Exception):
    pass


class Writers:
    """Transactions that lock the row of a subject, wait, record an event, wait, and commit or roll back."""

    def __init__(self, database: Database, subjects: Sequence[int], load: Load, seed: int = 0) -> None:
        self._database = database
        self._subjects = subjects
        self._load = load
        self._numbers = itertools.count(1)
        self._random = random.Random(seed)  # noqa: S311 - no secret

    async def write(self, events: int) -> None:
        """Commit this many events. A transaction whose connection is lost is rolled back and repeated."""
        share = events // WRITERS
        await asyncio.gather(*(self._write(share) for _ in range(WRITERS)))

    async def _write(self, events: int) -> None:
        done = 0
        while done < events:
            subject = self._random.choice(self._subjects)
            try:
                await self._transact(subject)
                done += 1
            except _RolledBack:
                pass
            except DomainError:
                await asyncio.sleep(0.05)

    async def _transact(self, subject: int) -> None:
        wait, rolls_back = self._random.random, self._random.random() < _ROLLBACKS
        async with self._database.write() as session:
            user = await session.scalar(select(User).where(User.id == subject).with_for_update())
            assert user is not None
            await asyncio.sleep(wait() * _LONGEST_DELAY)
            number = next(self._numbers)
            EventRecorder(session).record(Counted(subject=Subject(user.uid, user.uid, user.id), number=number))
            await session.insert_rows()
            await asyncio.sleep(wait() * _LONGEST_DELAY)
            if rolls_back:
                raise _RolledBack
            uid = user.uid
        self._load.committed.add((uid, number))


async def kill_holders(dsn: str, condition: str, *values: object, seconds: float = 0.05) -> int:
    """End the sessions whose locks fulfil the condition, at random times until cancelled; return how many."""
    killed = 0
    connection = await asyncpg.connect(dsn)
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"
    statement = f"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE {here} AND {condition}"  # noqa: S608 - constants
    try:
        while True:
            await asyncio.sleep(random.random() * seconds)  # noqa: S311 - no secret
            killed += await connection.fetchval(statement, *values)
    except asyncio.CancelledError:
        return killed
    finally:
        await connection.close()
