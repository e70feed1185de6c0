"""The sample application with tracing, and a collector on the loopback."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from observability.config import ObservabilityConfig
from observability.install import install
from observability.logs.configuration import configure
from observability.metrics.metrics import Metrics
from observability.requests.context import set_consumer
from observability.tracing.config import TracingConfig
from observability.tracing.metrics import SpanMetrics
from observability.tracing.tracer import Tracing
from tests.support.collector import Collector, collecting
from tests.support.waiting import PATIENCE


class Traced:
    """An application with a version v2, its instruments, and a client."""

    def __init__(self, config: TracingConfig) -> None:
        version = FastAPI(openapi_url=None, redirect_slashes=False)

        @version.get("/posts/{post_id}")
        async def read(post_id: int, request: Request) -> dict[str, int]:
            set_consumer(request.scope, key="key_1", user="user_1", tier="free")
            return {"id": post_id}

        @version.get("/posts/{post_id}/failure")
        async def fail(post_id: int) -> None:
            message = f"post {post_id} of eve@example.org"
            raise RuntimeError(message)

        @version.get("/posts/{post_id}/slow")
        async def stream(post_id: int) -> StreamingResponse:
            async def chunks() -> AsyncIterator[bytes]:
                yield str(post_id).encode()
                await asyncio.sleep(config.slow_threshold * 1.5)

            return StreamingResponse(chunks())

        app = FastAPI(openapi_url=None, redirect_slashes=False)
        app.mount("/api/v2", version)
        self.tracing = Tracing(config)
        self.metrics: Metrics = install(
            app, ObservabilityConfig(log_format="json", mounts={"/api/v2": "v2"}), self.tracing
        )

        @app.get("/health")
        async def health() -> dict[str, str]:
            return {"status": "ok"}

        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://strata.test")

    def count(self, name: str) -> dict[str, float]:
        """Return the samples of a span counter, by reason."""
        return {
            sample.labels.get("reason", ""): sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == name
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that accepts spans until a test changes it."""
    with collecting() as collector:
        yield collector


@pytest.fixture
def capture() -> io.BytesIO:
    """The log of the application and its threads."""
    return io.BytesIO()


@pytest.fixture
def traced(collector: Collector, capture: io.BytesIO) -> Callable[..., Any]:
    """Runs the application with export to the collector; the arguments are tracing settings."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Traced]:
        defaults = {"endpoint": collector.url, "sample_ratio": 1.0, "timeout": 1.0, "slow_threshold": PATIENCE}
        config = TracingConfig(**defaults | settings)
        traced = Traced(config)
        configure("info", "json", capture)
        traced.tracing.start(traced.metrics.group(SpanMetrics))
        try:
            async with traced.client:
                yield traced
        finally:
            await asyncio.to_thread(traced.tracing.close)

    return run
