"""Composition root: the application that the server runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any, Final

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.errors import DomainError
from app.events.backlog import OutboxBacklog
from app.events.known import consumer_names
from app.events.metrics import OutboxMetrics
from app.events.render_failures import RenderFailures
from app.http.errors.failures import classify
from app.http.errors.problems import problem_response
from app.http.lifecycle import LifecycleComponent
from app.http.live.metrics import CHANNELS, RealtimeMetrics
from app.http.middleware.load_shedding import Admission, LoadSheddingMiddleware
from app.http.middleware.metrics import LoadSheddingMetrics
from app.http.middleware.size_limits import HeadLimits
from app.http.rate_limit.limits import RateLimits
from app.http.response_cache.metrics import CacheMetrics
from app.http.runtime import Runtime
from app.http.server.connections import Connections
from app.http.transfer_metrics import TransferMetrics
from app.http.usage import UsageComponent, UsageListener
from app.kit.background import repeat, run_logged, tasks_running
from app.kit.build import RELEASE, BuildMetrics
from app.kit.db.database import Database, UnitOfWork
from app.kit.db.instrumentation import DatabaseMetrics
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.tracing import database_attributes
from app.kit.queue.backlog import Backlog
from app.kit.queue.metrics import QueueMetrics
from app.kit.restarts import RestartCounts, RestartMetrics
from app.lifecycle.background import LifecycleSync, lifecycle_sync_running
from app.lifecycle.metrics import VersionMetrics
from app.settings.conformance import ConformanceSettings
from app.settings.database import DatabaseSettings
from app.settings.http import HttpSettings
from app.settings.lifecycle import LifecycleSettings
from app.settings.loading import database_url, load_settings
from app.settings.log import LogSettings
from app.settings.metrics import MetricsSettings
from app.settings.root import Settings
from app.settings.usage import UsageSettings
from app.web import add_unversioned_routes
from app.web.rejected_heads import RejectedHeads
from app.webhooks.backlog import WebhookBacklog
from app.webhooks.metrics import EndpointMetrics
from app.wiring import contract_checker, job_names, tracing_config
from observability.config import CorsPolicy, ObservabilityConfig
from observability.conformance.metrics import ConformanceMetrics
from observability.framework import LeanStarlette
from observability.install import install, with_cors
from observability.logs.level import LevelControl
from observability.metrics.metrics import Metrics
from observability.metrics.sampler import sampler_running
from observability.requests.mounts import MountMiddleware
from observability.run_folder import RunFolder
from observability.tracing.metrics import SpanMetrics
from observability.tracing.tracer import Tracing
from versions.kit.lifecycle_record import ensure_declared
from versions.kit.routing import mounted
from versions.kit.tombstones import Tombstone, gone_routes, read_tombstones
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

_RESTARTS_SECONDS: Final = 5.0
OpenDatabase = Callable[[str, DatabaseSettings, DatabaseMetrics], Awaitable[UnitOfWork]]


def create_app(settings: Settings | None = None, *, open_database: OpenDatabase = Database.open) -> Starlette:
    """The whole application. ``settings`` default to those of the environment.

    Raises ``SettingsError`` for unusable settings, ``LifecycleError`` when the registry contradicts itself or what was
    announced to clients.
    """
    settings = settings or load_settings()
    ensure_declared(VERSIONS)
    tombstones = read_tombstones()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        database = await open_database(
            database_url(settings), settings[DatabaseSettings], metrics.group(PrometheusDatabaseMetrics)
        )
        tracing.start(metrics.group(SpanMetrics), database_attributes(database_url(settings)))
        if checker is not None:
            checker.start(metrics.group(ConformanceMetrics))
        try:
            runtime = Runtime.build(settings, database, metrics)
            rate_limits, lifecycle = runtime.get(RateLimits), runtime.get(LifecycleComponent)
            try:
                await rate_limits.open()
                sync = LifecycleSync(lifecycle.schedule, database, VERSIONS, metrics.group(VersionMetrics))
                with _level_control(settings):
                    async with (
                        sampler_running(metrics),
                        database.observed(),
                        runtime.running(),
                        _state_exposed(settings, metrics, database),
                        lifecycle_sync_running(sync, runtime.get(UsageComponent).flush, settings[LifecycleSettings]),
                    ):
                        yield {**runtime.state(), **runtime.get(Connections).state()}
            finally:
                await rate_limits.close()
        finally:
            await database.close()
            if checker is not None:
                await asyncio.to_thread(checker.close)
            await asyncio.to_thread(tracing.close)

    def status(version: str) -> str:
        return metrics.group(VersionMetrics).status(version)

    # Not FastAPI: the root has no operations, and FastAPI's layers would run twice for every request.
    app = LeanStarlette(lifespan=lifespan)
    app.router.redirect_slashes = False
    app.add_middleware(MountMiddleware, router=app.router)
    applications = {version: version.build(version, settings[HttpSettings]) for version in VERSIONS}
    app.router.routes.extend(mounted(version.prefix, application) for version, application in applications.items())
    for tombstone in tombstones:
        app.router.routes.extend(gone_routes(tombstone))
    tracing = Tracing(tracing_config(settings, "strata"))
    checker = contract_checker(settings, {version.name: version.prefix for version in VERSIONS})
    config = _observability(settings, status, tombstones)
    listeners = [UsageListener(settings[UsageSettings].max_body_bytes if settings[UsageSettings].collects else 0)]
    metrics = install(app, config, tracing, checker, listeners)
    # Outside of all layers: a rejection under load must cost little.
    app.add_middleware(LoadSheddingMiddleware, admissions=_admissions(applications.values(), config.cors))
    metrics.group(BuildMetrics)
    metrics.group(VersionMetrics).describe((*VERSIONS, *tombstones))
    _start_at_zero(metrics)
    app.router.routes.append(RejectedHeads(HeadLimits.of(settings[HttpSettings])))
    add_unversioned_routes(app, settings, metrics, applications)
    app.add_exception_handler(HTTPException, _render)
    app.add_exception_handler(DomainError, _render)
    return app


def _start_at_zero(metrics: Metrics) -> None:
    """Create the series of every version."""
    names = [version.name for version in VERSIONS]
    metrics.group(LoadSheddingMetrics).start_at_zero(names)
    metrics.group(RenderFailures).start_at_zero(names)
    metrics.group(TransferMetrics).start_at_zero(names)
    metrics.group(CacheMetrics).start_at_zero(names)
    for name in names:
        metrics.group(RealtimeMetrics).start_at_zero(name, CHANNELS)


@asynccontextmanager
async def _state_exposed(settings: Settings, metrics: Metrics, database: UnitOfWork) -> AsyncIterator[None]:
    """Expose restarts and what waits for workers: processes that are down cannot report themselves."""
    counts, gauge = RestartCounts(settings.home), metrics.group(RestartMetrics)

    async def update() -> None:
        gauge.update(counts.read())

    await run_logged("restarts_not_read", update)
    backlog = Backlog(database.reads, metrics.group(QueueMetrics), job_names())
    outbox = OutboxBacklog(database.reads, metrics.group(OutboxMetrics), consumer_names())
    webhooks = WebhookBacklog(database.reads, metrics.group(EndpointMetrics))
    restarts = repeat("restarts_not_read", update, _RESTARTS_SECONDS)
    async with tasks_running(restarts, backlog.run(), outbox.run(), webhooks.run()):
        yield


def _level_control(settings: Settings) -> AbstractContextManager[None]:
    if settings.run_folder is None:
        return nullcontext()
    return LevelControl(
        RunFolder(settings.run_folder), settings[LogSettings].level, settings[LogSettings].format
    ).handle_signals()


async def _render(request: Request, error: Exception) -> Response:
    return problem_response(request, classify(error))


def _admissions(applications: Iterable[FastAPI], cors: CorsPolicy) -> Sequence[Admission]:
    """The admission of each version, whose rejections scripts of other origins can read."""
    found: list[Admission] = [application.state.admission for application in applications]
    return [replace(admission, reject=with_cors(admission.reject, cors)) for admission in found]


def _observability(
    settings: Settings, lifecycle: Callable[[str], str], tombstones: Sequence[Tombstone]
) -> ObservabilityConfig:
    mounted_versions: Sequence[ApiVersion | Tombstone] = (*VERSIONS, *tombstones)
    return ObservabilityConfig(
        release=RELEASE,
        lifecycle=lifecycle,
        mounts={version.prefix: version.name for version in mounted_versions},
        cors=CorsPolicy(
            allow_origins=tuple(settings[HttpSettings].cors_origins),
            allow_credentials=settings[HttpSettings].cors_allow_credentials,
        ),
        log_level=settings[LogSettings].level,
        log_format=settings[LogSettings].format,
        deprecated_versions=frozenset(
            version.name for version in mounted_versions if version.deprecated_at is not None
        ),
        metrics_folder=None if settings.run_folder is None else RunFolder(settings.run_folder).metrics,
        consumer_series=settings[MetricsSettings].consumer_series,
        conformance_ratio=settings[ConformanceSettings].sample_ratio,
    )
