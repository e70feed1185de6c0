"""From request headers to a principal."""

from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.types import Scope

from app.access.errors import ImplausibleCredentials
from app.access.keys import looks_like_key
from app.access.principal import Principal, anonymous
from app.access.reader import PrincipalResolver
from app.auth.attempts import count_attempt
from app.auth.tokens import TokenType
from app.http.auth import AuthComponent
from app.http.key_use import KeyUseComponent
from app.http.runtime import Runtime, runtime_of
from app.http.state import state_of
from app.http.stream_cookie import has_stream_cookie, stream_token_of
from app.kit.clock import utc_now
from observability.logs.debug import debug_log
from observability.requests.context import set_consumer

CREDENTIAL_HEADERS: Final = frozenset({b"authorization", b"x-api-key"})


async def resolve_principal(request: Request) -> Principal:
    """The caller of a request. Raises ``InvalidCredentials``; invalid credentials are never treated as anonymous."""
    state = state_of(request.scope)
    if state.principal is not None:
        return state.principal
    principal = state.principal = await _resolve(request, runtime_of(request.scope))
    if principal.user_uid is not None:
        key = None if principal.key_family is None else str(principal.key_family)
        set_consumer(request.scope, key=key, user=str(principal.user_uid), tier=principal.plan)
    if debug_log.enabled:
        debug_log.write("principal_resolved", roles=principal.roles, permissions=sorted(principal.permissions))
    return principal


def has_credentials(scope: Scope) -> bool:
    """Whether the request carries credentials, valid or not."""
    return any(name in CREDENTIAL_HEADERS for name, _ in scope["headers"]) or has_stream_cookie(scope)


PrincipalDep = Annotated[Principal, Depends(resolve_principal)]


async def _resolve(request: Request, runtime: Runtime) -> Principal:
    authorization = request.headers.get("authorization")
    if authorization is None:
        key = request.headers.get("x-api-key")
        if key is not None:
            return await _by_key(key, runtime)
        token = stream_token_of(request)
        return anonymous() if token is None else await _by_stream_token(token, request, runtime)
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() != "bearer" or not credentials:
        raise ImplausibleCredentials
    if looks_like_key(credentials):
        return await _by_key(credentials, runtime)
    return await _by_token(credentials, TokenType.ACCESS, runtime)


async def _by_stream_token(token: str, request: Request, runtime: Runtime) -> Principal:
    if not state_of(request.scope).accepts_stream_cookie:
        raise ImplausibleCredentials
    principal = await _by_token(token, TokenType.STREAM, runtime)
    state_of(request.scope).has_stream_session = True
    return principal


async def _by_token(token: str, kind: TokenType, runtime: Runtime) -> Principal:
    auth = runtime.get(AuthComponent)
    with count_attempt(auth.attempts, f"{kind}_token"):
        claims = auth.signer.verify(token)
        if claims.type is not kind:
            raise ImplausibleCredentials
        return await PrincipalResolver(runtime.database.reads).by_session(claims.subject, claims.session)


async def _by_key(text: str, runtime: Runtime) -> Principal:
    with count_attempt(runtime.get(AuthComponent).attempts, "api_key"):
        principal = await PrincipalResolver(runtime.database.reads).by_key(text)
    if principal.key_uid is not None:
        runtime.get(KeyUseComponent).uses.record(principal.key_uid, utc_now())
    return principal
