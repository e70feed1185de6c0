"""Dependencies of usage."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.principal import resolve_principal
from app.http.runtime import runtime_of
from app.http.usage_evidence import UsedContractsComponent
from app.usage.evidence_reader import EvidenceReader
from app.usage.reader import UsageReader, UsedElementsReader


async def _usage_reader(request: Request) -> UsageReader:
    return UsageReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _used_elements_reader(request: Request) -> UsedElementsReader:
    runtime = runtime_of(request.scope)
    principal = await resolve_principal(request)
    used = await runtime.get(UsedContractsComponent).read()
    evidence = EvidenceReader(runtime.database.reads, used.contracts, used.hashes)
    return UsedElementsReader(runtime.database.reads, principal, evidence, used.successors)


UsageReaderDep = Annotated[UsageReader, Depends(_usage_reader)]
UsedElementsReaderDep = Annotated[UsedElementsReader, Depends(_used_elements_reader)]
