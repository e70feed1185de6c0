"""A small application with routes that are hard to distinguish (mounts, nested and prefixed routers), and its log."""

import io
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
import structlog
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from starlette.websockets import WebSocket

from observability.config import CorsPolicy, ObservabilityConfig
from observability.install import install
from observability.logs.configuration import SinkHandler, configure
from observability.metrics.exposition import Exposition
from observability.metrics.metrics import Metrics
from observability.requests.context import current, set_consumer

Sample = tuple[FastAPI, Metrics]
Series = dict[tuple[str, ...], float]
Lines = Callable[[], list[dict[str, Any]]]


class PrefixRouter(APIRouter):
    """Skips its routes if the path does not contain its own prefix."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See ``APIRouter.matches``."""
        if self.prefix not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)


def version() -> FastAPI:
    """One version with routes in nested routers, behind a prefix router, and at the top."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    posts = APIRouter(prefix="/posts")

    @posts.get("/{post_id}")
    async def read(post_id: int, request: Request) -> dict[str, object]:
        set_consumer(request.scope, key="key_1", user="user_1", tier="free")
        return {"id": post_id, "request_id": current(request.scope).request_id}

    @posts.get("/{post_id}/failure")
    async def fail(post_id: int) -> None:
        secret = "local-variable-value"
        message = f"post {post_id} of eve@example.org {len(secret)}"
        raise RuntimeError(message)

    @posts.get("/{post_id}/stream")
    async def stream(post_id: int) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"chunk"
            if post_id == 0:
                message = "in the middle"
                raise RuntimeError(message)

        return StreamingResponse(chunks())

    blog = APIRouter(prefix="/blog")
    blog.include_router(posts)
    prefixed = PrefixRouter(prefix="/prefixed")
    prefixed.include_router(posts)
    for router in (blog, prefixed, posts):
        app.include_router(router)

    async def page(request: Request) -> Response:
        return PlainTextResponse(request.url.path)

    app.router.routes.extend([Route("/docs", page), Route("/guide/{chapter}", page)])

    @app.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(current(websocket.scope).trace_id)
        await websocket.close()

    return app


def build(folder: Path, *origins: str) -> tuple[FastAPI, Metrics]:
    """Build the whole application. ``folder`` contains its static files."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    for name in ("v901", "v2"):
        app.mount(f"/api/{name}", version())
    app.mount("/assets", StaticFiles(directory=folder))
    config = ObservabilityConfig(
        log_format="json",
        mounts={"/api/v901": "v901", "/api/v2": "v2"},
        cors=CorsPolicy(allow_origins=origins),
    )
    metrics = install(app, config)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    app.router.routes.append(Route("/metrics", Exposition(metrics.registry)))
    return app, metrics


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    structlog.reset_defaults()
    for handler in [handler for handler in root.handlers if isinstance(handler, SinkHandler)]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def build_sample(tmp_path: Path) -> Callable[..., Sample]:
    """Builds a new sample application; the arguments are the allowed origins."""
    return lambda *origins: build(tmp_path, *origins)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """The sample application and its instruments."""
    return build(tmp_path)


@pytest.fixture
def metrics(sample: Sample) -> Metrics:
    """The instruments of the sample application."""
    return sample[1]


@pytest.fixture
def lines(sample: Sample) -> Lines:
    """Reads the log so far; every line must be a JSON object."""
    assert sample
    stream = io.BytesIO()
    configure("info", "json", stream)

    def read() -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in stream.getvalue().splitlines()]

    return read


@pytest.fixture
async def client(sample: Sample, lines: Lines) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the sample application; an unhandled exception fails the test."""
    assert lines is not None
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(sample[0]), base_url="http://test") as client:
        yield client


@pytest.fixture
def series(sample: Sample) -> Callable[[], Series]:
    """Reads the request histogram: (version, route, method, status) -> count."""

    def read() -> Series:
        counts = {}
        for metric in sample[1].registry.collect():
            for point in metric.samples:
                if point.name == "http_server_request_duration_seconds_count":
                    labels = point.labels
                    key = (labels["api_version"], labels["http_route"], labels["http_request_method"])
                    counts[*key, labels["http_response_status_code"]] = point.value
        return counts

    return read
