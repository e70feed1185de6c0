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
from app.kit.clock import utc_now
from observability.logs.debug import debug_log
from observability.requests.context import set_consumer

_CREDENTIAL_HEADERS: Final = frozenset({b"authorization", b"x-api-key"})


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
    return any(name in _CREDENTIAL_HEADERS for name, _ in scope["headers"])


PrincipalDep = Annotated[Principal, Depends(resolve_principal)]


async def _resolve(request: Request, runtime: Runtime) -> Principal:
    authorization = request.headers.get("authorization")
    if authorization is None:
        key = request.headers.get("x-api-key")
        return anonymous() if key is None else await _by_key(key, runtime)
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() != "bearer" or not credentials:
        raise ImplausibleCredentials
    if looks_like_key(credentials):
        return await _by_key(credentials, runtime)
    auth = runtime.get(AuthComponent)
    with count_attempt(auth.attempts, "access_token"):
        claims = auth.signer.verify(credentials)
        if claims.type is not TokenType.ACCESS:
            raise ImplausibleCredentials
        return await PrincipalResolver(runtime.database.reads).by_session(claims.subject, claims.session)


async def _by_key(text: str, runtime: Runtime) -> Principal:
    with count_attempt(runtime.get(AuthComponent).attempts, "api_key"):
        principal = await PrincipalResolver(runtime.database.reads).by_key(text)
    if principal.key_uid is not None:
        runtime.get(KeyUseComponent).uses.record(principal.key_uid, utc_now())
    return principal
