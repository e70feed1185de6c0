"""Dependencies of the auth feature."""

from typing import Annotated

from fastapi import Depends, Request

from app.auth.reader import SessionReader
from app.auth.reauthentication import PasswordProof, ReauthenticationService
from app.auth.registration import RegistrationService
from app.auth.sessions import SessionService
from app.events.recorder import EventRecorder
from app.http.auth import AuthComponent
from app.http.deps.core import EventRecorderDep, RuntimeDep, WriteSessionDep
from app.http.origin import origin_of
from app.http.principal import resolve_principal
from app.http.rate_limit.limits import client_address
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.identities.own_identities import ResetIdentities
from app.kit.queue.job_queue import JobQueue
from app.settings.auth import AuthSettings


async def _session_reader(request: Request) -> SessionReader:
    return SessionReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _registration_service(session: WriteSessionDep, runtime: RuntimeDep, request: Request) -> RegistrationService:
    auth, events = runtime.get(AuthComponent), EventRecorder(session, origin=origin_of(request.scope, None))
    return RegistrationService(
        session,
        events,
        JobQueue(session),
        auth.passwords,
        auth.mailed_tokens,
        auth.mailed_addresses,
        ResetIdentities(session, events),
        runtime.settings[AuthSettings],
    )


async def session_service(session: WriteSessionDep, runtime: RuntimeDep, request: Request) -> SessionService:
    """The service of sessions in a transaction; pages without a version call this function themselves."""
    auth, caller = runtime.get(AuthComponent), state_of(request.scope).principal
    return SessionService(
        session,
        runtime.database.reads,
        # Operations that start a session or take a token have no caller.
        EventRecorder(session, None if caller is None else caller.user_uid, origin_of(request.scope, caller)),
        auth.passwords,
        auth.signer,
        auth.throttles.of(client_address(request.scope)),
        auth.attempts,
        runtime.settings[AuthSettings],
    )


async def _password_proof(runtime: RuntimeDep, request: Request, events: EventRecorderDep) -> PasswordProof:
    auth = runtime.get(AuthComponent)
    throttle = auth.throttles.of(client_address(request.scope))
    return PasswordProof(runtime.database.reads, auth.passwords, throttle, auth.attempts, events.audit)


PasswordProofDep = Annotated[PasswordProof, Depends(_password_proof)]


async def _reauthentication_service(
    session: WriteSessionDep, proof: PasswordProofDep, events: EventRecorderDep
) -> ReauthenticationService:
    return ReauthenticationService(session, proof, events.audit)


ReauthenticationServiceDep = Annotated[ReauthenticationService, Depends(_reauthentication_service)]
SessionReaderDep = Annotated[SessionReader, Depends(_session_reader)]
SessionServiceDep = Annotated[SessionService, Depends(session_service)]
RegistrationServiceDep = Annotated[RegistrationService, Depends(_registration_service)]
