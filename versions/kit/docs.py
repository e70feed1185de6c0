"""Serves the OpenAPI and AsyncAPI documents, Swagger UI and Redoc without loading anything from a CDN."""

import re
from collections.abc import Awaitable, Callable
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
from app.http.page_policy import hash_source, page_headers
from app.http.runtime import runtime_of
from app.kit.clock import utc_now
from versions.kit.asyncapi import asyncapi_document
from versions.kit.lifecycle_headers import notice
from versions.kit.version import ApiVersion

ASSETS_PATH: Final = "/docs/assets"
"""Where the root application serves ``documentation_assets``, once for all versions."""
_REDOC: Final = "redoc.standalone.js"
_REDOC_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"

_ASSET_CACHE: Final = "public, max-age=3600"
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_OWN: Final = "'self'"
_REDOC_STYLES: Final = (
    # styled-components inserts its rules into an empty element.
    hash_source(""),
    # The scrollbars of the menu, as in the installed bundle. With another bundle, `tests/browser` reports the hash.
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)
_IMAGES: Final = "img-src 'self' data:"
# Redoc searches in a worker that it builds from a string.
_WORKERS: Final = "worker-src blob:"


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
    """Adds the routes of the documents, ``/docs`` and ``/redoc`` to the application of a version."""
    title = app.title

    swagger = _page(
        get_swagger_ui_html(
            openapi_url=f"{version.prefix}/openapi.json",
            title=title,
            swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS_PATH}/favicon.png",
        ),
        more=(_IMAGES,),
    )
    redoc = _page(
        get_redoc_html(
            openapi_url=f"{version.prefix}/openapi.json",
            title=title,
            redoc_js_url=f"{ASSETS_PATH}/{_REDOC}",
            redoc_favicon_url=f"{ASSETS_PATH}/favicon.png",
            with_google_fonts=False,
        ),
        styles=_REDOC_STYLES,
        more=(_IMAGES, _WORKERS),
    )

    app.router.routes.extend(
        [
            Route("/openapi.json", _document(version, app.openapi)),
            Route("/asyncapi.json", _document(version, cache(lambda: asyncapi_document(app, version)))),
            Route("/docs", swagger),
            Route("/redoc", redoc),
        ],
    )


def _document(version: ApiVersion, build: Callable[[], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a document, which says the status that the version has at the time of the request."""

    async def document(request: Request) -> Response:
        document = build()
        stage = runtime_of(request.scope).get(LifecycleComponent).schedule.status(version, utc_now())
        description = notice(version, stage) + document["info"]["description"]
        info = {**document["info"], "x-status": stage.value, "description": description}
        served = {**document, "info": info}
        return Response(orjson.dumps(served), media_type="application/json")

    return document


def _page(
    rendered: HTMLResponse, *, styles: tuple[str, ...] = (), more: tuple[str, ...]
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a constant page. Hashes allow its inline elements; ``styles`` are further sources."""
    body = bytes(rendered.body)
    inline = _INLINE.findall(body.decode())
    headers = page_headers(
        scripts=(_OWN, *(hash_source(text) for kind, text in inline if kind == "script")),
        styles=(_OWN, *(hash_source(text) for kind, text in inline if kind == "style"), *styles),
        more=more,
    )

    async def page(_request: Request) -> Response:
        return HTMLResponse(body, headers=headers)

    return page
