"""Dependencies of the ledger."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.deps.core import EventRecorderDep, RuntimeDep, WriteSessionDep
from app.http.ledger import LedgerComponent
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.ledger.reader import LedgerReader
from app.ledger.service import LedgerService


async def _ledger_reader(request: Request) -> LedgerReader:
    return LedgerReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _ledger_service(
    session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep, runtime: RuntimeDep
) -> LedgerService:
    return LedgerService(session, principal, events, runtime.get(LedgerComponent).metrics)


LedgerReaderDep = Annotated[LedgerReader, Depends(_ledger_reader)]
LedgerServiceDep = Annotated[LedgerService, Depends(_ledger_service)]
