"""The runtime, the transaction, its events, the client and its quota."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from app.events.recorder import EventRecorder
from app.http.origin import origin_of
from app.http.principal import PrincipalDep
from app.http.rate_limit.admission import decision_of
from app.http.rate_limit.limits import client_address
from app.http.runtime import Runtime, runtime_of
from app.http.state import state_of
from app.kit.db.sessions import WriteSession
from observability.rate_limit.limiter import Decision


async def _runtime(request: Request) -> Runtime:
    return runtime_of(request.scope)


RuntimeDep = Annotated[Runtime, Depends(_runtime)]


async def write_session(request: Request, runtime: RuntimeDep) -> AsyncIterator[WriteSession]:
    """The transaction of the request. A route that depends on it runs again if the transaction had no effect."""
    shared = state_of(request.scope).write_session
    if shared is not None:
        yield shared
        return
    async with runtime.database.write() as session:
        session.has_one_use_case = True
        yield session


WriteSessionDep = Annotated[WriteSession, Depends(write_session, scope="function")]
"""One transaction per request, committed before the response starts (``scope="function"``): a failed commit is an
error response, never a 201 for a change that was not stored."""


async def _events(session: WriteSessionDep, principal: PrincipalDep, request: Request) -> EventRecorder:
    return EventRecorder(session, principal.user_uid, origin_of(request.scope, principal))


async def _client_address(request: Request) -> str:
    return client_address(request.scope)


async def _decision(request: Request) -> Decision:
    return decision_of(request.scope)


EventRecorderDep = Annotated[EventRecorder, Depends(_events)]
ClientAddressDep = Annotated[str, Depends(_client_address)]
DecisionDep = Annotated[Decision, Depends(_decision)]
