"""From request headers to a principal."""

from typing import Annotated

from fastapi import Depends, Request

from app.access.keys import looks_like_key
from app.access.principal import ANONYMOUS, Principal
from app.access.service import ApiKeyService, ImplausibleCredentials, PrincipalResolver
from app.auth.attempts import counted
from app.auth.tokens import TokenType
from app.http.runtime import Runtime, runtime_of
from observability.requests.context import set_consumer


async def resolve_principal(request: Request) -> Principal:
    """The caller. Credentials that do not hold are refused, never taken for none.

    Raises ``InvalidCredentials``.
    """
    # Not `request.state`, which looks for attributes by failing to find them.
    state = request.scope["state"]
    known: Principal | None = state.get("principal")
    if known is not None:
        return known
    principal = state["principal"] = await _resolve(request, runtime_of(request))
    if (consumer := principal.key_uid or principal.user_uid) is not None:
        set_consumer(request.scope, str(consumer), principal.plan.value)
    return principal


PrincipalDep = Annotated[Principal, Depends(resolve_principal)]


async def _resolve(request: Request, runtime: Runtime) -> Principal:
    authorization = request.headers.get("authorization")
    if authorization is None:
        key = request.headers.get("x-api-key")
        return ANONYMOUS if key is None else await _by_key(key, runtime)
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() != "bearer" or not credentials:
        raise ImplausibleCredentials
    if looks_like_key(credentials):
        return await _by_key(credentials, runtime)
    with counted(runtime.attempts, "access_token"):
        claims = runtime.signer.verify(credentials)
        if claims.type is not TokenType.ACCESS:
            raise ImplausibleCredentials
        return await PrincipalResolver(runtime.database.reads).by_session(claims.subject, claims.session)


async def _by_key(text: str, runtime: Runtime) -> Principal:
    with counted(runtime.attempts, "api_key"):
        principal, stale = await PrincipalResolver(runtime.database.reads).by_key(text)
    if stale and principal.key_uid is not None:
        async with runtime.database.write() as session:
            await ApiKeyService(session).note_use(principal.key_uid)
    return principal
