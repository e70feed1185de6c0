"""A version with as many routes as one likes, built with the kit: what finding the last one costs."""

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
    """Ten routes."""
    return _with_routes(FEW)


def many() -> FastAPI:
    """Three hundred."""
    return _with_routes(MANY)


def path(number: int) -> str:
    """A path of the route of this number, from 1."""
    return f"/resource-{number:03d}/1"


def _with_routes(count: int) -> FastAPI:
    router = APIRouter()
    for number in range(1, count + 1):
        router.add_api_route(f"/resource-{number:03d}/{{item}}", _answer, operation_id=f"resource.{number}")
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
    # The middleware costs the same for both, and the limits would need a runtime; unmatched paths are still a 404.
    app.user_middleware = [Middleware(ExceptionMiddleware)]
    return app


async def _answer(item: int) -> int:
    return item


def _render(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 500)
