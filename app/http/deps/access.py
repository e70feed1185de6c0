"""Dependencies of API keys."""

from typing import Annotated

from fastapi import Depends, Request

from app.access.own_keys import OwnKeyService
from app.access.reader import ApiKeyReader
from app.http.deps.auth import PasswordProofDep
from app.http.deps.core import EventRecorderDep, WriteSessionDep
from app.http.deps.plans import CapsDep
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of


async def _api_key_reader(request: Request) -> ApiKeyReader:
    return ApiKeyReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _own_key_service(
    session: WriteSessionDep, principal: PrincipalDep, caps: CapsDep, events: EventRecorderDep, proof: PasswordProofDep
) -> OwnKeyService:
    return OwnKeyService(session, principal, caps, events, proof)


ApiKeyReaderDep = Annotated[ApiKeyReader, Depends(_api_key_reader)]
OwnKeyServiceDep = Annotated[OwnKeyService, Depends(_own_key_service)]
