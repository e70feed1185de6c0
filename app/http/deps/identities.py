"""Dependencies of sign-in with providers."""

from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from app.auth.session_starter import SessionStarter
from app.events.audit import AuditRecorder, Origin
from app.events.recorder import EventRecorder
from app.http.auth import AuthComponent
from app.http.browser_cookie import browser_of
from app.http.deps.auth import PasswordProofDep
from app.http.deps.core import EventRecorderDep, RuntimeDep, WriteSessionDep
from app.http.identities import IdentityComponent
from app.http.origin import origin_of
from app.http.principal import PrincipalDep, resolve_principal
from app.http.rate_limit.limits import client_address
from app.http.routing.strict import RepeatedParameter
from app.http.runtime import Runtime, runtime_of
from app.http.state import state_of
from app.identities.codes import SignInCodeService
from app.identities.commands import ProviderReply, SignInClient
from app.identities.flows import FlowCompleter, FlowStarter
from app.identities.linking import IdentityLinking
from app.identities.own_identities import ConfirmationService, OwnIdentityService
from app.identities.providers import Providers
from app.identities.reader import IdentityReader
from app.identities.rejected_callbacks import RejectedCallbacks
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.retries import run_transaction
from app.kit.db.sessions import WriteSession
from app.kit.queue.job_queue import JobQueue
from app.settings.auth import AuthSettings

_REPLY: Final = ("code", "error", "iss", "state")


def public_url(request: Request, path: str) -> str:
    """The URL of a path of the request's version, as browsers and providers reach it.

    It comes from the settings: a client chooses the ``Host`` of its requests.
    """
    return f"{runtime_of(request.scope).get(IdentityComponent).base_url}{request.scope['root_path']}{path}"


async def _provider_reply(request: Request) -> ProviderReply:
    """Raises ``RepeatedParameter``: two values would let two checks read different ones."""
    if state_of(request.scope).without_body:
        # A visit ends once, and a HEAD request would end it without its result.
        raise HTTPException(405, headers={"Allow": "GET"})
    query = request.query_params
    if repeated := [name for name in _REPLY if len(query.getlist(name)) > 1]:
        raise RepeatedParameter(repeated)
    return ProviderReply(
        state=query.get("state"), code=query.get("code"), iss=query.get("iss"), error=query.get("error")
    )


async def _client(request: Request) -> SignInClient:
    return SignInClient(client_address(request.scope), request.headers.get("user-agent"))


async def _browser(request: Request) -> str | None:
    return browser_of(request)


async def _providers(runtime: RuntimeDep) -> Providers:
    return runtime.get(IdentityComponent).shared.providers


async def _flow_starter(runtime: RuntimeDep) -> FlowStarter:
    return FlowStarter(runtime.database, runtime.get(IdentityComponent).shared)


async def _flow_completer(runtime: RuntimeDep, request: Request) -> FlowCompleter:
    origin, metrics = origin_of(request.scope, None), runtime.metrics.group(PrometheusDatabaseMetrics)
    identities = runtime.get(IdentityComponent)
    return FlowCompleter(
        runtime.database,
        identities.shared,
        lambda session: _linking(session, runtime, origin),
        lambda session: _starter(session, runtime, origin),
        lambda attempt: run_transaction(attempt, metrics),
        RejectedCallbacks(
            runtime.database, identities.rejections, lambda session: AuditRecorder(session, origin=origin)
        ),
    )


async def _identity_reader(request: Request) -> IdentityReader:
    return IdentityReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _own_identity_service(
    session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep, proof: PasswordProofDep
) -> OwnIdentityService:
    return OwnIdentityService(session, principal, events, JobQueue(session), proof)


async def _confirmation_service(session: WriteSessionDep, runtime: RuntimeDep, request: Request) -> ConfirmationService:
    tokens = runtime.get(AuthComponent).mailed_tokens
    return ConfirmationService(session, _linking(session, runtime, origin_of(request.scope, None)), tokens)


async def _sign_in_code_service(session: WriteSessionDep, runtime: RuntimeDep, request: Request) -> SignInCodeService:
    starter = _starter(session, runtime, origin_of(request.scope, None))
    return SignInCodeService(session, starter, runtime.get(AuthComponent).attempts)


def _linking(session: WriteSession, runtime: Runtime, origin: Origin) -> IdentityLinking:
    return IdentityLinking(
        session,
        EventRecorder(session, origin=origin),
        JobQueue(session),
        runtime.get(AuthComponent).mailed_tokens,
        runtime.settings[AuthSettings],
    )


def _starter(session: WriteSession, runtime: Runtime, origin: Origin) -> SessionStarter:
    auth = runtime.get(AuthComponent)
    return SessionStarter(
        session,
        runtime.database.reads,
        EventRecorder(session, origin=origin),
        auth.signer,
        runtime.settings[AuthSettings],
    )


BrowserDep = Annotated[str | None, Depends(_browser)]
ClientDep = Annotated[SignInClient, Depends(_client)]
ConfirmationServiceDep = Annotated[ConfirmationService, Depends(_confirmation_service)]
FlowCompleterDep = Annotated[FlowCompleter, Depends(_flow_completer)]
FlowStarterDep = Annotated[FlowStarter, Depends(_flow_starter)]
IdentityReaderDep = Annotated[IdentityReader, Depends(_identity_reader)]
OwnIdentityServiceDep = Annotated[OwnIdentityService, Depends(_own_identity_service)]
ProviderReplyDep = Annotated[ProviderReply, Depends(_provider_reply)]
ProvidersDep = Annotated[Providers, Depends(_providers)]
SignInCodeServiceDep = Annotated[SignInCodeService, Depends(_sign_in_code_service)]
