"""Litestar with its own plugins for limits, CORS, logs, metrics and traces, over asyncpg and msgspec."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from litestar import Litestar, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.middleware.logging import LoggingMiddlewareConfig
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController
from litestar.plugins.structlog import StructlogConfig, StructlogPlugin
from msgspec import Struct
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from tests.benchmarks.variants.raw import ONE, PAGE, POOL_SIZE
from tests.benchmarks.variants.spans import DiscardingExporter

_SAMPLED: Final = 0.1


class _Post(Struct):
    id: int
    uid: UUID
    author_uid: UUID
    author_name: str
    title: str
    content: str
    status: str
    published_at: datetime | None
    view_count: int
    created_at: datetime
    updated_at: datetime


@asynccontextmanager
async def _pool(app: Litestar) -> AsyncIterator[None]:
    url = os.environ["STRATA_DATABASE__URL"]
    async with asyncpg.create_pool(url, min_size=1, max_size=POOL_SIZE) as pool:
        app.state.pool = pool
        yield


@get("/posts")
async def _list_posts(state: State, limit: int = 20) -> list[_Post]:
    return [_Post(**row) for row in await state.pool.fetch(PAGE, limit)]


@get("/posts/{uid:uuid}")
async def _get_post(state: State, uid: UUID) -> _Post:
    row: Any = await state.pool.fetchrow(ONE, uid)
    if row is None:
        raise NotFoundException
    return _Post(**row)


def create() -> Litestar:
    """``GET /posts/{uid}`` and ``GET /posts?limit=N``."""
    provider = TracerProvider(sampler=TraceIdRatioBased(_SAMPLED))
    provider.add_span_processor(BatchSpanProcessor(DiscardingExporter()))
    # By default the plugin logs bodies, too.
    logged = LoggingMiddlewareConfig(request_log_fields=("method", "path"), response_log_fields=("status_code",))
    return Litestar(
        [_list_posts, _get_post, PrometheusController],
        lifespan=[_pool],
        cors_config=CORSConfig(allow_origins=["*"]),
        # No request reaches this limit, but each is counted and gets the headers.
        middleware=[PrometheusConfig(group_path=True).middleware, RateLimitConfig(("minute", 100_000_000)).middleware],
        plugins=[
            OpenTelemetryPlugin(OpenTelemetryConfig(tracer_provider=provider)),
            StructlogPlugin(StructlogConfig(middleware_logging_config=logged)),
        ],
        openapi_config=None,
    )
