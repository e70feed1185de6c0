"""Strata with all layers, without any of them, and without one of them."""

import os
from collections.abc import Iterable
from typing import Final

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi import tune_garbage_collection
from app.http.state import state_of
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.loading import load_settings
from observability.rate_limit.limiter import Decision
from observability.rate_limit.policies import PolicySet
from observability.requests.context import KEY, RequestContext
from observability.requests.middleware import RequestContextMiddleware, RequestListener

MEASURED: Final = "/api/v2"
"""The version that requests go to."""
_ADMITTED: Final = Decision(PolicySet.parse("benchmark", {"all": "1/second"}), (), 0)
WITHOUT: Final = "BENCHMARK_WITHOUT"
"""The environment variable with the name of the layer that ``without`` leaves out."""


class SharedContextMiddleware:
    """Replaces the context middleware: all requests share the context of the first one.

    The original middleware creates that context, so this class does not depend on its contents.
    """

    def __init__(self, app: ASGIApp, *, layer: Middleware) -> None:
        self._app = app
        self._context: RequestContext | None = None
        self._original = layer.cls(self._store_context, *layer.args, **layer.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self._context is None:
                await self._original(dict(scope), receive, send)
            scope["state"] = {**scope.get("state", {}), KEY: self._context}
        await self._app(scope, receive, send)

    async def _store_context(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self._context = scope["state"][KEY]


class AdmitAllMiddleware:
    """Admits every request, as if the rate limiter had charged it already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"] = dict(scope.get("state", {}))
            state_of(scope).decision = _ADMITTED
        await self._app(scope, receive, send)


def full() -> Starlette:
    """Strata with all layers."""
    return create_app()


def bare() -> Starlette:
    """The same routes without the layers of ``observability`` and of the version, and without rate limits."""
    app = create_app()
    app.user_middleware = [
        Middleware(AdmitAllMiddleware),
        *(_replacement(layer) for layer in app.user_middleware if _is_context_layer(layer)),
    ]
    measured_version(app).user_middleware = []
    return app


def without() -> Starlette:
    """Strata without the layer or listener that the environment names."""
    app = create_app()
    name = os.environ[WITHOUT]
    for part in (app, measured_version(app)):
        part.user_middleware = [
            _without_listener(layer, name) if _is_context_layer(layer) else layer
            for layer in part.user_middleware
            if layer_name(layer) != name or _is_context_layer(layer)
        ]
    return app


def served_full() -> Starlette:
    """``full`` with the garbage collection of a server process."""
    return _tuned(full())


def served_bare() -> Starlette:
    """``bare`` with the garbage collection of a server process."""
    return _tuned(bare())


def served_without() -> Starlette:
    """``without`` with the garbage collection of a server process."""
    return _tuned(without())


def served_rejecting() -> Starlette:
    """Strata in full, without a place for any request."""
    settings = load_settings()
    http = settings[HttpSettings].model_copy(update={"max_concurrent_requests": 0})
    return _tuned(create_app(settings.with_groups(http)))


def layers(app: Starlette) -> list[str]:
    """The names of all layers and listeners, outermost first: those of the root, then those of the version."""
    names = []
    for part in (app, measured_version(app)):
        for layer in part.user_middleware:
            names += [layer_name(layer), *(type(listener).__name__ for listener in _listeners(layer))]
    return names


def layer_name(layer: Middleware) -> str:
    """The name of a layer's class."""
    return str(getattr(layer.cls, "__name__", layer.cls))


def measured_version(app: Starlette) -> FastAPI:
    """The mounted application of the version that requests go to."""
    return next(
        route.app
        for route in app.routes
        if isinstance(route, Mount) and route.path == MEASURED and isinstance(route.app, FastAPI)
    )


def _tuned(app: Starlette) -> Starlette:
    tune_garbage_collection()
    return app


def _is_context_layer(layer: Middleware) -> bool:
    return layer.cls is RequestContextMiddleware


def _listeners(layer: Middleware) -> tuple[RequestListener, ...]:
    return tuple(layer.kwargs["listeners"]) if _is_context_layer(layer) else ()


def _with_listeners(layer: Middleware, listeners: Iterable[RequestListener]) -> Middleware:
    return Middleware(layer.cls, *layer.args, **{**layer.kwargs, "listeners": tuple(listeners)})


def _without_listener(layer: Middleware, name: str) -> Middleware:
    """The layer without the listener of this name, or a replacement if the layer itself has this name."""
    if layer_name(layer) == name:
        return _replacement(layer)
    return _with_listeners(layer, (listener for listener in _listeners(layer) if type(listener).__name__ != name))


def _replacement(layer: Middleware) -> Middleware:
    return Middleware(SharedContextMiddleware, layer=_with_listeners(layer, ()))
