"""Dependencies of the users feature."""

from typing import Annotated

from fastapi import Depends, Request

from app.access.user_deletion import before_deletion
from app.http.auth import AuthComponent
from app.http.deps.auth import PasswordProofDep
from app.http.deps.core import EventRecorderDep, RuntimeDep, WriteSessionDep
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.kit.queue.job_queue import JobQueue
from app.users.reader import UserReader
from app.users.service import UserService


async def _user_reader(request: Request) -> UserReader:
    return UserReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _user_service(
    session: WriteSessionDep,
    principal: PrincipalDep,
    events: EventRecorderDep,
    runtime: RuntimeDep,
    proof: PasswordProofDep,
) -> UserService:
    return UserService(
        session,
        principal,
        events,
        JobQueue(session),
        runtime.get(AuthComponent).passwords,
        proof,
        before_deletion(session, events),
    )


UserReaderDep = Annotated[UserReader, Depends(_user_reader)]
UserServiceDep = Annotated[UserService, Depends(_user_service)]
