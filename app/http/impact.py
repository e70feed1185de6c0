"""Analyses a candidate while its client waits, or lets a job do it."""

from typing import Any, Final

from app.access.principal import Principal
from app.events.audit import Origin
from app.events.recorder import EventRecorder
from app.files.storing import FileStorage
from app.http.runtime import Component, Runtime
from app.http.slots import Slots
from app.http.storage import StorageComponent
from app.impact.analysis import Bounds, ImpactAnalysis
from app.impact.commands import ImpactJob, ImpactRequest
from app.impact.errors import AnalysisTooLarge
from app.jobs.service import JobService
from app.jobs.views import JobView
from app.kit.deadline import deadline_paused
from app.plans.views import Caps
from app.settings.impact import ImpactSettings

_AT_ONCE: Final = 1
"""A comparison occupies a processor, which requests need."""
_MOST_OUTCOMES: Final = 20_000
_NAME: Final = "candidate.json"
_JSON: Final = "application/json"


class ImpactComponent(Component):
    """How many analyses a process runs at once, and what each of them may take."""

    def __init__(self, settings: ImpactSettings) -> None:
        self.slots = Slots(_AT_ONCE)
        self.max_memory = settings.max_memory_bytes
        self.bounds = Bounds(
            settings.immediate_seconds, settings.immediate_bytes, settings.immediate_consumers, _MOST_OUTCOMES
        )

    @classmethod
    def build(cls, runtime: Runtime) -> "ImpactComponent":
        """See ``Component``."""
        return cls(runtime.settings[ImpactSettings])


class ImpactAnalyses:
    """Analyses on behalf of the caller of one request."""

    def __init__(
        self, runtime: Runtime, analysis: ImpactAnalysis, principal: Principal, caps: Caps, origin: Origin
    ) -> None:
        self._runtime = runtime
        self._analysis = analysis
        self._principal = principal
        self._caps = caps
        self._origin = origin

    async def analyse(self, request: ImpactRequest, candidate: bytes) -> dict[str, Any] | JobView:
        """The report, or the job that writes it if it takes more than ``ImpactSettings`` allows.

        Raises as ``ImpactAnalysis.run`` does, and ``TooManyJobs``.
        """
        self._analysis.ensure_allowed(request)
        shared = self._runtime.get(ImpactComponent)
        if shared.slots.in_use < shared.slots.limit:
            shared.slots.in_use += 1
            try:
                with deadline_paused():
                    return await self._analysis.run(request, candidate, shared.bounds)
            except AnalysisTooLarge:
                pass
            finally:
                shared.slots.in_use -= 1
        return await self._enqueue(request, candidate)

    async def _enqueue(self, request: ImpactRequest, candidate: bytes) -> JobView:
        """Store the document as a file that is never ready: housekeeping removes it if the job does not."""
        database = self._runtime.database
        files = FileStorage(database, self._runtime.get(StorageComponent).store)
        stored = await files.store(self._principal.signed_in().user_id, _NAME, _JSON, candidate)
        async with files.abandoned_on_error(stored.file), database.write() as session:
            events = EventRecorder(session, self._principal.user_uid, self._origin)
            service = JobService(session, self._principal, self._caps, events, self._origin.request_id)
            return await service.create(ImpactJob(request, stored.file))
