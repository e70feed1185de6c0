"""Dependencies of impact analysis."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.deps.plans import CapsDep
from app.http.impact import ImpactAnalyses, ImpactComponent
from app.http.origin import origin_of
from app.http.principal import PrincipalDep
from app.http.runtime import runtime_of
from app.http.usage_evidence import UsedContractsComponent
from app.impact.analysis import ImpactAnalysis
from app.impact.reader import ImpactReader
from app.settings.conformance import ConformanceSettings
from app.usage.evidence_reader import EvidenceReader


async def _analyses(request: Request, principal: PrincipalDep, caps: CapsDep) -> ImpactAnalyses:
    runtime = runtime_of(request.scope)
    reads, used = runtime.database.reads, await runtime.get(UsedContractsComponent).read()
    reader = ImpactReader(reads, EvidenceReader(reads, used.contracts, used.hashes))
    folder, memory = runtime.settings[ConformanceSettings].folder, runtime.get(ImpactComponent).max_memory
    analysis = ImpactAnalysis(principal, reader, folder, memory)
    return ImpactAnalyses(runtime, analysis, principal, caps, origin_of(request.scope, principal))


ImpactAnalysesDep = Annotated[ImpactAnalyses, Depends(_analyses)]
