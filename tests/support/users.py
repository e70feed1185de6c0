"""Runs use cases of users as a caller, and reads what they have stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.access.passwords import PasswordHasher
from app.access.principal import Principal, Role
from app.access.proof import OperatorProof
from app.access.reader import PrincipalResolver
from app.access.user_deletion import before_deletion
from app.events.recorder import EventRecorder
from app.kit.queue.job_queue import JobQueue
from app.models import Event, User
from app.users.service import UserService
from tests.support.app import Person, TestApp


@asynccontextmanager
async def acting(test_app: TestApp, principal: Principal) -> AsyncIterator[UserService]:
    """The service in one transaction of this caller, whose identity is proven."""
    async with test_app.runtime.database.write() as session:
        events = EventRecorder(session, principal.user_uid)
        passwords, closing = PasswordHasher(1), before_deletion(session, events)
        yield UserService(session, principal, events, JobQueue(session), passwords, OperatorProof(), closing)


async def principal_of(test_app: TestApp, person: Person, session: UUID | None = None) -> Principal:
    found = await PrincipalResolver(test_app.runtime.database.reads).by_key(person.key)
    return Principal(found.user_id, found.user_uid, found.roles, found.permissions, session_uid=session)


async def admin(test_app: TestApp, name: str = "root") -> tuple[Person, Principal]:
    person = await test_app.person(f"{name}@example.com", Role.ADMIN)
    return person, await principal_of(test_app, person)


async def row_of(test_app: TestApp, uid: UUID) -> Any:
    async with test_app.runtime.database.write() as session:
        return (await session.execute(select(User.__table__).where(User.uid == uid))).one_or_none()


async def events(test_app: TestApp) -> list[tuple[str, UUID, Any]]:
    async with test_app.runtime.database.write() as session:
        rows = await session.scalars(select(Event).order_by(Event.id))
        return [(row.type, row.subject_uid, row.payload) for row in rows]
