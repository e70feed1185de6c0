"""Serves the OpenAPI and AsyncAPI documents, Swagger UI and Redoc without loading anything from a CDN."""

import asyncio
import re
import threading
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
from app.lifecycle.version import VersionStatus
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
            Route("/openapi.json", _Document(version, app.openapi).respond),
            Route("/asyncapi.json", _Document(version, lambda: asyncapi_document(app, version)).respond),
            Route("/docs", swagger),
            Route("/redoc", redoc),
        ],
    )


class _Document:
    """Serves a document with the status that the version has at the time of the request.

    Building one takes half a second of CPU. A thread does that at the first request, so that the process serves others
    meanwhile. The encoded document is kept until the status changes: it has a megabyte.
    """

    def __init__(self, version: ApiVersion, build: Callable[[], dict[str, Any]]) -> None:
        self._version = version
        self._build = build
        self._building = threading.Lock()
        self._encoded: tuple[VersionStatus, bytes] | None = None

    async def respond(self, request: Request) -> Response:
        """The endpoint."""
        stage = runtime_of(request.scope).get(LifecycleComponent).schedule.status(self._version, utc_now())
        encoded = self._encoded
        if encoded is None or encoded[0] is not stage:
            encoded = await asyncio.to_thread(self._encode, stage)
        return Response(encoded[1], media_type="application/json")

    def _encode(self, stage: VersionStatus) -> tuple[VersionStatus, bytes]:
        with self._building:
            if self._encoded is None or self._encoded[0] is not stage:
                document = self._build()
                description = notice(self._version, stage) + document["info"]["description"]
                info = {**document["info"], "x-status": stage.value, "description": description}
                self._encoded = stage, orjson.dumps({**document, "info": info})
            return self._encoded


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
