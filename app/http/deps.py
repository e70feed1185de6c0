"""Named dependencies: what a handler of any version may ask for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from app.auth.registration import RegistrationService
from app.auth.sessions import SessionReader, SessionService
from app.events.recorder import EventRecorder
from app.http.principal import PrincipalDep, resolve_principal
from app.http.rate_limit.admission import decision_on
from app.http.rate_limit.limits import client_address
from app.http.runtime import Runtime, runtime_of
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.posts.reader import PostReader
from app.posts.service import PostService
from app.users.service import UserReader, UserService
from observability.rate_limit.limiter import Decision


async def _runtime(request: Request) -> Runtime:
    return runtime_of(request)


RuntimeDep = Annotated[Runtime, Depends(_runtime)]


async def _write_session(request: Request, runtime: RuntimeDep) -> AsyncIterator[WriteSession]:
    shared: WriteSession | None = getattr(request.state, "write_session", None)
    if shared is not None:
        yield shared
        return
    async with runtime.database.write() as session:
        yield session


WriteSessionDep = Annotated[WriteSession, Depends(_write_session, scope="function")]
"""One transaction a request, committed before the response starts (``scope="function"``): a commit that fails is
an error response and never a 201 that was not true."""


async def _events(session: WriteSessionDep, principal: PrincipalDep) -> EventRecorder:
    return EventRecorder(session, principal.user_uid)


EventRecorderDep = Annotated[EventRecorder, Depends(_events)]


# The readers ask for the request alone: FastAPI solves a tree of dependencies node by node, parameters and all, and for
# a read that costs more than what it reads.
async def _post_reader(request: Request) -> PostReader:
    return PostReader(runtime_of(request).database.reads, await resolve_principal(request))


async def _post_service(session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep) -> PostService:
    return PostService(session, principal, events)


async def _user_reader(request: Request) -> UserReader:
    return UserReader(runtime_of(request).database.reads, await resolve_principal(request))


async def _user_service(
    session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep, runtime: RuntimeDep
) -> UserService:
    return UserService(session, principal, events, runtime.passwords)


async def _session_reader(request: Request) -> SessionReader:
    return SessionReader(runtime_of(request).database.reads, await resolve_principal(request))


async def _registration_service(session: WriteSessionDep, runtime: RuntimeDep) -> RegistrationService:
    return RegistrationService(
        session,
        EventRecorder(session),
        JobQueue(session),
        runtime.passwords,
        runtime.mailed_tokens,
        runtime.settings.auth,
    )


async def _session_service(session: WriteSessionDep, runtime: RuntimeDep, request: Request) -> SessionService:
    return SessionService(
        session,
        runtime.database.reads,
        EventRecorder(session),
        runtime.passwords,
        runtime.signer,
        runtime.throttles.of(request.scope["path"]),
        runtime.attempts,
        runtime.settings.auth,
    )


async def _client_address(request: Request) -> str:
    return client_address(request.scope)


async def _decision(request: Request) -> Decision:
    return decision_on(request.scope)


PostReaderDep = Annotated[PostReader, Depends(_post_reader)]
PostServiceDep = Annotated[PostService, Depends(_post_service)]
UserReaderDep = Annotated[UserReader, Depends(_user_reader)]
UserServiceDep = Annotated[UserService, Depends(_user_service)]
SessionReaderDep = Annotated[SessionReader, Depends(_session_reader)]
SessionServiceDep = Annotated[SessionService, Depends(_session_service)]
RegistrationServiceDep = Annotated[RegistrationService, Depends(_registration_service)]
ClientAddressDep = Annotated[str, Depends(_client_address)]
DecisionDep = Annotated[Decision, Depends(_decision)]
