"""The job of the feature: it stores the report of an analysis as a file of its user."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from app.access.job_owner import job_owner
from app.access.principal import Principal
from app.errors import Forbidden
from app.files.storing import FileStorage, abandon, object_key
from app.impact.analysis import Bounds, ImpactAnalysis
from app.impact.commands import ImpactRequest
from app.impact.errors import AnalysisTooLarge, InvalidContract, UnknownContractVersion
from app.impact.job_names import IMPACT_ANALYSIS
from app.impact.reader import ImpactReader
from app.kit.queue.kinds import JobHandler, JobKind, JobRejected, JobRun
from app.kit.queue.schedules import WorkerResources
from app.kit.storage.errors import ObjectNotFound
from app.settings.conformance import ConformanceSettings
from app.settings.http import HttpSettings
from app.settings.impact import ImpactSettings
from app.usage.contracts import read_contracts
from app.usage.evidence_reader import EvidenceReader
from app.usage.pseudonyms import pseudonyms

_JSON: Final = "application/json"
_MARGIN_SECONDS: Final = 60.0
"""For reading and storing, within the time of an attempt."""
_BOUNDS: Final = Bounds(IMPACT_ANALYSIS.timeout - _MARGIN_SECONDS)


class ImpactAnalysisJob:
    """Analyses with the permissions that the user has now."""

    def __init__(self, resources: WorkerResources) -> None:
        self._resources = resources
        self._database = resources.database
        self._files = FileStorage(resources.database, resources.store)

    async def __call__(self, run: JobRun) -> None:
        """Raises ``JobRejected`` if the user may not analyse any more, and for a document that is not comparable."""
        owner = await job_owner(self._database.reads, UUID(run.params["owner"]))
        request = ImpactRequest.of_params(run.params)
        candidate = object_key(UUID(run.params["candidate"]))
        await run.progress(0, message="Comparing the contracts")
        try:
            report = await self._analyse(owner, request, candidate)
        except JobRejected:
            await abandon(self._database, self._resources.store, [candidate])
            raise
        body = await asyncio.to_thread(orjson.dumps, report)
        name = f"impact-of-{report['version']}-since-{report['since']}.json"
        content = await self._files.store(owner.signed_in().user_id, name, _JSON, body)
        result = {"file": str(content.file), "file_number": content.id}
        async with self._files.abandoned_on_error(content.file), run.completing(result) as session:
            await self._files.finish(session, content)
        await abandon(self._database, self._resources.store, [candidate])

    async def _analyse(self, owner: Principal, request: ImpactRequest, key: str) -> dict[str, Any]:
        analysis = await self._analysis(owner)
        try:
            content = b"".join([chunk async for chunk in self._resources.store.stream(key)])
            return await analysis.run(request, content, _BOUNDS)
        except ObjectNotFound as error:
            detail = "The job waited longer than its document is stored. Request it again."
            raise JobRejected("candidate_missing", detail) from error
        except AnalysisTooLarge as error:
            raise JobRejected("analysis_too_large", "The comparison takes too long.") from error
        except (Forbidden, InvalidContract, UnknownContractVersion) as error:
            raise JobRejected(error.code, "; ".join(one.detail for one in error.fields) or error.message) from error

    async def _analysis(self, owner: Principal) -> ImpactAnalysis:
        settings, reads = self._resources.settings, self._database.reads
        folder = settings[ConformanceSettings].folder
        contracts = await asyncio.to_thread(read_contracts, folder)
        reader = ImpactReader(reads, EvidenceReader(reads, contracts, pseudonyms(settings[HttpSettings])))
        return ImpactAnalysis(owner, reader, folder, settings[ImpactSettings].max_memory_bytes)


def jobs(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of the feature's jobs."""
    return {IMPACT_ANALYSIS: ImpactAnalysisJob(resources)}
