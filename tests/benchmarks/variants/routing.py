"""A version with a given number of routes, built with the kit: measures the cost of matching the last one."""

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.lifecycle.version import VersionStatus
from app.settings.http import HttpSettings
from observability.rate_limit.headers import DRAFT_11
from versions.kit.application import Resource, build_application
from versions.kit.version import ApiVersion

FEW: Final = 10
MANY: Final = 300


def few() -> FastAPI:
    """A version with 10 routes."""
    return _with_routes(FEW)


def many() -> FastAPI:
    """A version with 300 routes."""
    return _with_routes(MANY)


def path(number: int) -> str:
    """A path that matches the route with this number, counted from 1."""
    return f"/resource-{number:03d}/1"


def _with_routes(count: int) -> FastAPI:
    router = APIRouter()
    for number in range(1, count + 1):
        router.add_api_route(f"/resource-{number:03d}/{{item}}", _return_item, operation_id=f"resource.{number}")
    version = ApiVersion(
        name="v0", status=VersionStatus.PREVIEW, released=datetime.now(UTC).date(), build=lambda _v, _s: FastAPI()
    )
    app = build_application(
        version,
        HttpSettings(),
        title="Routes",
        description="",
        resources=[Resource((), (router,))],
        render=_render,
        dialect=DRAFT_11,
    )
    # The other middleware costs the same for both and needs a runtime; this one turns unmatched paths into a 404.
    app.user_middleware = [Middleware(ExceptionMiddleware)]
    return app


async def _return_item(item: int) -> int:
    return item


def _render(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 500)
