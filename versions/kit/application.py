"""Builds the FastAPI application of a version, which the root application mounts under the version's prefix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.errors import DomainError
from app.http.handshakes import request_of
from app.http.middleware.load_shedding import Admission
from app.http.middleware.rate_limiting import Costs, NeedsCaller, RateLimitMiddleware
from app.http.middleware.single_fields import SingleFieldsMiddleware
from app.http.middleware.size_limits import BodyLimits, HeadLimits, RequestSizeLimitMiddleware
from app.http.rate_limit.admission import cost_of
from app.http.transfers import FindTransfer, Transfer, transfer_of
from app.lifecycle.version import VersionStatus
from app.settings.http import HttpSettings
from observability.framework import LeanFastAPI
from observability.rate_limit.headers import Dialect
from versions.kit.channels import Channel
from versions.kit.docs import add_documentation
from versions.kit.middleware.lifecycle import LifecycleMiddleware
from versions.kit.middleware.version import VersionMiddleware
from versions.kit.names import number_of
from versions.kit.openapi import describe
from versions.kit.operations import signed_in_only
from versions.kit.overload import PreparedOverload
from versions.kit.rendering import Renderer, rendered
from versions.kit.routing import RouteTree, index_routes
from versions.kit.version import ApiVersion

NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""Disables FastAPI's own telemetry, which would export each request a second time if a global provider is set."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The routers of one resource, the tags under which its operations are documented, and its live channels."""

    tags: Sequence[Mapping[str, str]]
    routers: Sequence[APIRouter]
    channels: Sequence[Channel] = ()


def load_resources(package: str, names: Sequence[str]) -> list[Resource]:
    """Returns ``RESOURCE`` of each ``<package>.<name>.routes``, in the order of the OpenAPI document.

    A version registers a resource by its name alone.
    """
    resources: list[Resource] = [import_module(f"{package}.{name}.routes").RESOURCE for name in names]
    return resources


def path_of_operation(applications: Mapping[ApiVersion, FastAPI], operation_id: str) -> str | None:
    """Returns the path of an operation in the newest version that has it and serves requests.

    A preview, which may change at any time, is used only if no other version has the operation.
    """
    found = None
    for version, app in sorted(applications.items(), key=lambda item: number_of(item[0].name), reverse=True):
        if version.status is VersionStatus.RETIRED:
            continue
        for route in app.routes:
            if isinstance(route, APIRoute) and route.operation_id == operation_id:
                found = found or f"{version.prefix}{route.path}"
                if version.status is not VersionStatus.PREVIEW:
                    return f"{version.prefix}{route.path}"
    return found


def build_application(
    version: ApiVersion,
    settings: HttpSettings,
    *,
    title: str,
    description: str,
    resources: Sequence[Resource],
    render: Renderer,
    dialect: Dialect,
) -> FastAPI:
    """Returns the application of one version, with its own OpenAPI document, docs, error format and headers."""
    routers = [router for resource in resources for router in resource.routers]
    app = LeanFastAPI(
        title=title,
        version=version.name,
        description=description,
        openapi_tags=[dict(tag) for resource in resources for tag in resource.tags],
        # `add_documentation` serves the OpenAPI document and its pages.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        middleware=[
            Middleware(
                VersionMiddleware, version=version, dialect=dialect, render=render, timeout=settings.request_timeout
            ),
            Middleware(SingleFieldsMiddleware),
            Middleware(RateLimitMiddleware, costs=_costs(routers), needs_caller=_needs_caller(routers)),
            *_sunset_middleware(version),
            Middleware(
                RequestSizeLimitMiddleware,
                head=HeadLimits.of(settings),
                body=BodyLimits.of(settings),
            ),
        ],
    )
    for router in routers:
        # `include_router` would nest them. Each route has its full path and becomes a route of the application itself.
        app.router.routes.extend(router.routes)
    app.state.admission = Admission(
        version.name, f"{version.prefix}/", _find_transfer(routers), PreparedOverload(version, render)
    )
    app.state.channels = [channel for resource in resources for channel in resource.channels]
    _handle_errors(app, render)
    describe(app, version, dialect)
    add_documentation(app, version)
    index_routes(app.router)
    return app


def _sunset_middleware(version: ApiVersion) -> list[Middleware]:
    """Returns the middleware that only versions with a sunset need."""
    if not version.is_sunsetting:
        return []
    return [Middleware(LifecycleMiddleware, version=version)]


def _costs(routers: Sequence[APIRouter]) -> Costs:
    """Returns the costs other than 1 of paths without parameters. Requests to other paths are charged by the route."""
    return {
        (method, route.path): cost_of(route.openapi_extra)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and "{" not in route.path and cost_of(route.openapi_extra) != 1
        for method in route.methods or ()
    }


def _needs_caller(routers: Sequence[APIRouter]) -> NeedsCaller:
    tree = RouteTree(route for router in routers for route in router.routes)

    def needs_caller(method: str, path: str) -> bool:
        return any(
            isinstance(route, APIRoute) and method in (route.methods or ()) and signed_in_only(route.openapi_extra)
            for route in tree.find(path)
        )

    return needs_caller


def _find_transfer(routers: Sequence[APIRouter]) -> FindTransfer:
    """Returns the look-up of transfers; requests to other paths cost a look-up of their first segments."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    tree = RouteTree(route for route in routes if transfer_of(route.openapi_extra) is not None)

    def find_transfer(method: str, path: str) -> Transfer | None:
        for route in tree.find(path):
            if method in (route.methods or ()):
                return transfer_of(route.openapi_extra if isinstance(route, APIRoute) else None)
        return None

    return find_transfer


def _handle_errors(app: FastAPI, render: Renderer) -> None:
    async def handle(connection: HTTPConnection, error: Exception) -> Response:
        # The handshake of a WebSocket is rejected with the response of a request.
        return rendered(render, request_of(connection.scope), error)

    # Other exceptions are defects; VersionMiddleware renders and logs them.
    for kind in (HTTPException, RequestValidationError, DomainError):
        app.add_exception_handler(kind, handle)
