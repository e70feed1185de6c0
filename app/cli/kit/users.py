"""Finds users for commands, and builds the service that changes them."""

import secrets

from app.access.passwords import PasswordHasher
from app.access.proof import OperatorProof
from app.access.user_deletion import before_deletion
from app.cli.kit.environment import operator
from app.cli.kit.output import CommandError
from app.cli.kit.parameters import MAX_ID
from app.events.recorder import EventRecorder
from app.kit.db.database import Database
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.users.queries import UserQueries
from app.users.service import UserService
from app.users.views import UserView


def user_service(session: WriteSession, passwords: PasswordHasher | None = None) -> UserService:
    """The users service with the permissions of the operator."""
    events = EventRecorder(session)
    return UserService(
        session,
        operator(),
        events,
        JobQueue(session),
        passwords or PasswordHasher(1),
        OperatorProof(),
        before_deletion(session, events),
    )


def new_password() -> str:
    """A random password of 160 bits."""
    return secrets.token_urlsafe(20)


async def find_user(database: Database, identifier: str) -> UserView | None:
    """The user with this e-mail address or sequential id."""
    reads = UserQueries(database.reads)
    if identifier.isascii() and identifier.isdecimal():
        number = int(identifier)
        return await reads.get(number) if number <= MAX_ID else None
    found = await reads.credentials(identifier)
    return None if found is None else found[0]


async def existing_user(database: Database, identifier: str) -> UserView:
    """The user with this e-mail address or sequential id. Raises ``CommandError`` if there is none."""
    if (user := await find_user(database, identifier)) is None:
        message = f"There is no user {identifier}."
        raise CommandError(message, "`strata users list` shows all users.")
    return user
