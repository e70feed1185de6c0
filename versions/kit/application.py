"""Builds a version: a FastAPI application of its own, mounted under its prefix."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from app.errors import DomainError
from app.http.bounds import RequestBounds
from app.settings import HttpSettings
from versions.kit.boundary import ErrorBoundary, Renderer
from versions.kit.docs import add_documentation
from versions.kit.lifecycle import LifecycleHeaders
from versions.kit.openapi import describe
from versions.kit.routing import index_routes
from versions.kit.version import ApiVersion

NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own telemetry, which would emit every request once more as soon as somebody sets a global provider."""


def build_application(
    version: ApiVersion,
    settings: HttpSettings,
    *,
    title: str,
    description: str,
    tags: Sequence[dict[str, Any]],
    routers: Sequence[APIRouter],
    render: Renderer,
) -> FastAPI:
    """The application of one version, with its own document, pages, envelope and headers."""
    app = FastAPI(
        title=title,
        version=version.name,
        description=description,
        openapi_tags=list(tags),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        middleware=[
            Middleware(LifecycleHeaders, version=version),
            Middleware(ErrorBoundary, render=render),
            Middleware(
                RequestBounds,
                max_body=settings.max_body_bytes,
                max_headers=settings.max_header_bytes,
                body_timeout=settings.body_timeout,
            ),
        ],
    )
    for router in routers:
        # Not included but joined: each route already has the whole of its path, and stays a route of the application.
        app.router.routes.extend(router.routes)
    _handle_errors(app, render)
    describe(app, version)
    add_documentation(app, version)
    index_routes(app.router)
    return app


def _handle_errors(app: FastAPI, render: Renderer) -> None:
    async def handle(request: Request, error: Exception) -> Response:
        return render(request, error)

    # Whatever is not listed, a defect of ours, goes on to the boundary, which also logs it.
    for kind in (HTTPException, RequestValidationError, DomainError):
        app.add_exception_handler(kind, handle)
