"""Builds what several processes share: tracing, contract conformance, and the handlers of jobs."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from app.events.consumers import EventConsumer
from app.kit.build import RELEASE
from app.kit.db.listener import Listener
from app.kit.discovery import modules
from app.kit.queue.kinds import HOUSEKEEPING, JobHandler, JobKind
from app.kit.queue.schedules import Schedule, WorkerResources
from app.settings.conformance import ConformanceSettings
from app.settings.root import Settings
from app.settings.tracing import TracingSettings
from observability.conformance.checker import ConformanceChecker, ConformanceConfig
from observability.tracing.config import TracingConfig
from observability.tracing.tracer import Tracing


def job_names() -> Sequence[str]:
    """The names of the jobs of all features."""
    declared = [kind.name for module in modules("app", "job_names") for kind in getattr(module, "JOBS", ())]
    return sorted({*declared, HOUSEKEEPING.name})


def job_handlers(resources: WorkerResources) -> Mapping[JobKind, JobHandler]:
    """The handlers of all jobs. Raises ``SettingsError`` without a signing key."""
    found: dict[JobKind, JobHandler] = {}
    # `app/cli/jobs.py` is the command `strata jobs`.
    for module in modules("app", "jobs", but=("cli",)):
        found.update(module.jobs(resources))
    return found


def all_schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The schedules of all features."""
    return [schedule for module in modules("app", "schedules") for schedule in module.schedules(resources)]


def event_consumers(resources: WorkerResources) -> Sequence[EventConsumer]:
    """The consumers of events of all features."""
    return [consumer for module in modules("app", "event_consumers") for consumer in module.event_consumers(resources)]


def worker_loops(
    resources: WorkerResources, listener: Listener, tracing: Tracing
) -> Sequence[AbstractAsyncContextManager[None]]:
    """What features run in each worker beside its jobs: ``worker_loops`` of each module of this name."""
    return [
        loop for module in modules("app", "worker_loops") for loop in module.worker_loops(resources, listener, tracing)
    ]


def contract_checker(settings: Settings, prefixes: Mapping[str, str]) -> ConformanceChecker | None:
    """The checker of every version with a frozen contract; ``None`` when the sample ratio is 0.

    ``prefixes`` maps a version's name to the path under which it is served.
    """
    conformance = settings[ConformanceSettings]
    if not conformance.sample_ratio:
        return None
    paths = {name: conformance.folder / f"{name}.openapi.json" for name in prefixes}
    contracts = {name: (prefixes[name], path) for name, path in paths.items() if path.exists()}
    return ConformanceChecker(ConformanceConfig(contracts=contracts, body_bytes=conformance.max_body_bytes))


def tracing_config(settings: Settings, service: str) -> TracingConfig:
    """The tracing configuration of one process. ``service`` is the name its spans carry."""
    given = settings[TracingSettings]
    return TracingConfig(
        service=service,
        version=RELEASE,
        environment=settings.environment,
        endpoint=given.endpoint,
        timeout=given.timeout,
        sample_ratio=given.sample_ratio,
        slow_threshold=given.slow_threshold,
        trust_parent=given.trust_parent,
        ring=ring_folder(settings.home) if given.endpoint is None else None,
    )


def ring_folder(home: Path) -> Path:
    """The folder of the local trace ring, which ``strata traces`` reads."""
    return home / "traces"
