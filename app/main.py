"""Composition root: the application that the server runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.db.database import Database, UnitOfWork
from app.front import add_front_door
from app.http.failures import classify
from app.http.problems import problem_response
from app.http.runtime import Runtime
from app.secrets import database_url, load_settings
from app.settings import DatabaseSettings, Settings
from app.tracing import tracing_config
from observability.config import CorsPolicy, ObservabilityConfig
from observability.install import install
from observability.tracing.tracer import Tracing
from versions.kit.application import NO_TELEMETRY
from versions.registry import VERSIONS

OpenDatabase = Callable[[str, DatabaseSettings], Awaitable[UnitOfWork]]


def create_app(settings: Settings | None = None, *, open_database: OpenDatabase = Database.open) -> FastAPI:
    """The whole application. Without settings, the environment's.

    Raises ``SettingsError`` when the settings cannot be used.
    """
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        database = await open_database(database_url(settings), settings.database)
        tracing.start(metrics)
        try:
            yield {"runtime": Runtime.build(settings, database)}
        finally:
            await database.close()
            await asyncio.to_thread(tracing.close)

    app = FastAPI(
        title="Strata",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    for version in VERSIONS:
        app.mount(version.prefix, version.build(version, settings.http))
    tracing = Tracing(tracing_config(settings, "strata"))
    metrics = install(app, _observability(settings), tracing)
    add_front_door(app, settings, metrics)
    app.add_exception_handler(HTTPException, _render)
    return app


async def _render(request: Request, error: Exception) -> Response:
    return problem_response(request, classify(error))


def _observability(settings: Settings) -> ObservabilityConfig:
    return ObservabilityConfig(
        mounts={version.prefix: version.name for version in VERSIONS},
        cors=CorsPolicy(
            allow_origins=tuple(settings.http.cors_origins),
            allow_credentials=settings.http.cors_allow_credentials,
        ),
        log_level=settings.log.level,
        log_format=settings.log.format,
    )
