"""The evidence of usage in one process: which requests are sampled, and where their summaries go."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from starlette.types import Scope

from app.http.runtime import Component, Runtime
from app.http.state import state_of
from app.kit.background import repeat_from_now, repeating, tasks_running
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.settings.conformance import ConformanceSettings
from app.settings.http import HttpSettings
from app.settings.lifecycle import LifecycleSettings
from app.settings.usage import UsageSettings
from app.usage.contracts import UsedContract, read_contracts
from app.usage.evidence import EvidenceBuffer
from app.usage.pseudonyms import Pseudonyms, pseudonyms
from app.usage.queries import WatchQueries
from app.usage.successors import Successors
from observability.evidence.collector import EvidenceCollector
from observability.evidence.metrics import EvidenceMetrics
from observability.evidence.request import SampledRequest
from observability.evidence.sampling import AdaptiveSampler
from observability.requests.context import FAILED, RequestContext

_REJECTED: Final = 400
_CONTRACT: Final = ".openapi.json"
_SELECTIONS: Final = ("fields",)
_INCLUSIONS: Final = ("include",)


class EvidenceComponent(Component):
    """Samples requests that ended, summarises them in a thread, and writes the summaries every few seconds."""

    def __init__(
        self, sampler: AdaptiveSampler | None, collector: EvidenceCollector, buffer: EvidenceBuffer, runtime: Runtime
    ) -> None:
        self.collector = collector
        self.buffer = buffer
        self._sampler = sampler
        self._database: UnitOfWork = runtime.database
        self._metrics = runtime.metrics.group(EvidenceMetrics)
        self._intervals = runtime.settings[LifecycleSettings]

    @classmethod
    def build(cls, runtime: Runtime) -> "EvidenceComponent":
        """See ``Component``."""
        settings, metrics = runtime.settings[UsageSettings], runtime.metrics.group(EvidenceMetrics)
        hashes = pseudonyms(runtime.settings[HttpSettings])
        buffer = EvidenceBuffer(hashes.key_id, settings.max_rows_per_day, metrics.count_dropped)
        contracts = runtime.settings[ConformanceSettings].folder.glob(f"*{_CONTRACT}")
        collector = EvidenceCollector(
            {path.name.removesuffix(_CONTRACT): path for path in contracts},
            buffer,
            metrics,
            hashes.hash_name,
            waiting=settings.max_waiting,
            selections=_SELECTIONS,
            inclusions=_INCLUSIONS,
        )
        sampler = AdaptiveSampler(
            first=settings.first_samples,
            ratio=settings.sample_ratio,
            per_second=settings.max_samples_per_second,
            on_capped=lambda: metrics.count_dropped("capped"),
        )
        return cls(sampler if settings.collects else None, collector, buffer, runtime)

    def offer(self, scope: Scope, context: RequestContext, operation: str, now: datetime) -> None:
        """Take an ended request into the sample, or not."""
        sampler, version, status = self._sampler, context.api_version, context.status or FAILED
        if sampler is None or version is None or state_of(scope).unsampled:
            return
        # Rejected requests show little: they must not take the places of the first accepted ones.
        kind = operation if status < _REJECTED else f"{operation} rejected"
        random = sampler.choose(context.consumer, version, kind)
        if random is None or version not in self.collector.contracts:
            return
        principal = state_of(scope).principal
        self.collector.submit(
            SampledRequest(
                version=version,
                operation=operation,
                consumer=context.consumer,
                route=context.route,
                method=context.method,
                path=_below(scope["path"], context.route),
                query=scope["query_string"],
                headers=scope["headers"],
                body=context.body,
                status=status,
                permissions=() if principal is None else sorted(principal.permissions),
                random=random,
                ended_at=now,
            )
        )

    async def flush(self) -> None:
        """Write the evidence now. Raises as a write transaction does."""
        try:
            await self.buffer.flush(self._database)
            self._metrics.written.set(utc_now().timestamp())
        finally:
            self._metrics.lag.set(self.buffer.lag(utc_now()))
            self._metrics.waiting.set(self.collector.waiting)

    async def read_watches(self) -> None:
        """Observe the consumers that ``strata usage watch`` names. Raises ``Unavailable``."""
        if self._sampler is not None:
            self._sampler.watched = await WatchQueries(self._database.reads).watched(utc_now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        if self._sampler is None:
            yield
            return
        self.collector.start()
        async with repeating("usage_evidence_not_written", self.flush, self._intervals.usage_flush):
            try:
                watches = repeat_from_now("usage_watches_not_read", self.read_watches, self._intervals.refresh)
                async with tasks_running(watches):
                    yield
            finally:
                await asyncio.to_thread(self.collector.close)


@dataclass(frozen=True, slots=True)
class UsedContracts:
    """The frozen contracts, as reports of usage need them."""

    contracts: Mapping[str, UsedContract]
    successors: Successors
    hashes: Pseudonyms


class UsedContractsComponent(Component):
    """Reads the frozen contracts when the first report of usage needs them: they have megabytes."""

    def __init__(self, folder: Path, hashes: Pseudonyms) -> None:
        self._folder = folder
        self._hashes = hashes
        self._found: UsedContracts | None = None

    @classmethod
    def build(cls, runtime: Runtime) -> "UsedContractsComponent":
        """See ``Component``."""
        settings = runtime.settings
        return cls(settings[ConformanceSettings].folder, pseudonyms(settings[HttpSettings]))

    async def read(self) -> UsedContracts:
        """The contracts. Raises ``OSError``."""
        if self._found is None:
            self._found = await asyncio.to_thread(self._read)
        return self._found

    def _read(self) -> UsedContracts:
        return UsedContracts(read_contracts(self._folder), Successors(self._folder), self._hashes)


def _below(path: str, route: str) -> str:
    """The part of a path that the template of a route describes: without the prefix of the server."""
    return "/".join(["", *path.split("/")[-route.count("/") :]])
