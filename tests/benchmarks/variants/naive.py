"""The tutorial's application with popular packages for limits, metrics and traces, each added as in its README."""

import logging
import sys
import time

from fastapi import FastAPI, Request
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_fastapi_instrumentator import Instrumentator
from slowapi import Limiter
from slowapi.middleware import SlowAPIMiddleware
from slowapi.util import get_remote_address
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from tests.benchmarks.variants import tutorial
from tests.benchmarks.variants.spans import DiscardingExporter


class _LogRequests(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        elapsed = (time.perf_counter() - started) * 1000
        logging.getLogger("requests").info(
            "%s %s %d %.3f ms", request.method, request.url.path, response.status_code, elapsed
        )
        return response


def create() -> FastAPI:
    """``GET /posts/{uid}`` and ``GET /posts?limit=N``."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    engine = tutorial.engine()
    app = tutorial.build(engine)
    # No request reaches this limit, but each is counted and gets the headers.
    app.state.limiter = Limiter(key_func=get_remote_address, default_limits=["100000000/minute"], headers_enabled=True)
    app.add_middleware(SlowAPIMiddleware)
    app.add_middleware(_LogRequests)
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    Instrumentator().instrument(app).expose(app)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(DiscardingExporter()))
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    # The package declares no support for SQLAlchemy 2.1, but works with it.
    SQLAlchemyInstrumentor().instrument(engine=engine.sync_engine, tracer_provider=provider, skip_dep_check=True)
    return app
