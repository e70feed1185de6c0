"""Serves the OpenAPI document, Swagger UI and Redoc without loading anything from a CDN."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.http.lifecycle import LifecycleComponent
from app.http.runtime import runtime_of
from app.kit.clock import utc_now
from versions.kit.lifecycle_headers import notice
from versions.kit.version import ApiVersion

ASSETS_PATH: Final = "/docs/assets"
"""Where the root application serves ``documentation_assets``, once for all versions."""
_REDOC: Final = "redoc.standalone.js"
_REDOC_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"

_ASSET_CACHE: Final = "public, max-age=3600"
PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src blob:; font-src 'self' data:; frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = {"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"}


class _Assets(StaticFiles):
    """Files that change with an installation only."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = _ASSET_CACHE
        return response


def documentation_assets() -> list[BaseRoute]:
    """Returns routes for the scripts and styles of Swagger UI and Redoc, from the installed package."""
    folder = Path(str(files("fastapi_offline"))) / "static"
    bundle = f"{ASSETS_PATH}/{_REDOC}"
    # Redoc's footer loads a logo from a CDN. The Content-Security-Policy blocks it, with an error in the console.
    own = cache(lambda: (folder / _REDOC).read_bytes().replace(_REDOC_LOGO, f"{ASSETS_PATH}/favicon.png".encode()))

    async def redoc_bundle(_request: Request) -> Response:
        return Response(own(), media_type="text/javascript", headers={"Cache-Control": _ASSET_CACHE})

    return [Route(bundle, redoc_bundle), Mount(ASSETS_PATH, _Assets(directory=folder))]


def add_documentation(app: FastAPI, version: ApiVersion) -> None:
    """Adds the routes ``/openapi.json``, ``/docs`` and ``/redoc`` to the application of a version."""
    title = app.title

    async def document(request: Request) -> Response:
        document = app.openapi()
        stage = runtime_of(request.scope).get(LifecycleComponent).schedule.status(version, utc_now())
        description = notice(version, stage) + document["info"]["description"]
        info = {**document["info"], "x-status": stage.value, "description": description}
        served = {**document, "info": info}
        return Response(orjson.dumps(served), media_type="application/json")

    async def swagger(_request: Request) -> Response:
        page = get_swagger_ui_html(
            openapi_url=f"{version.prefix}/openapi.json",
            title=title,
            swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS_PATH}/favicon.png",
        )
        return HTMLResponse(bytes(page.body), headers=_PAGE_HEADERS)

    async def redoc(_request: Request) -> Response:
        page = get_redoc_html(
            openapi_url=f"{version.prefix}/openapi.json",
            title=title,
            redoc_js_url=f"{ASSETS_PATH}/{_REDOC}",
            redoc_favicon_url=f"{ASSETS_PATH}/favicon.png",
            with_google_fonts=False,
        )
        return HTMLResponse(bytes(page.body), headers=_PAGE_HEADERS)

    app.router.routes.extend(
        [Route("/openapi.json", document), Route("/docs", swagger), Route("/redoc", redoc)],
    )
