"""Strata itself: in full, without its layers, and without one of them."""

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
from observability.rate_limit.limiter import Decision
from observability.rate_limit.policies import PolicySet
from observability.requests.context import KEY, RequestContext
from observability.requests.middleware import RequestContextMiddleware, RequestListener

MEASURED: Final = "/api/v2"
"""The version that requests go to."""
_ADMITTED: Final = Decision(PolicySet.parse("benchmark", {"all": "1/second"}), (), 0)
WITHOUT: Final = "BENCHMARK_WITHOUT"
"""Names the layer that ``without`` leaves out."""


class OneContext:
    """What the application asks for of a request's context, made once for all requests: the layer's work is left out.

    The layer itself makes that context, so that this needs no knowledge of what is in one.
    """

    def __init__(self, app: ASGIApp, *, layer: Middleware) -> None:
        self._app = app
        self._context: RequestContext | None = None
        self._maker = layer.cls(self._note, *layer.args, **layer.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self._context is None:
                await self._maker(dict(scope), receive, send)
            scope["state"] = {**scope.get("state", {}), KEY: self._context}
        await self._app(scope, receive, send)

    async def _note(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self._context = scope["state"][KEY]


class Admitted:
    """Lets every request through as one that has been charged already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"] = dict(scope.get("state", {}))
            state_of(scope).decision = _ADMITTED
        await self._app(scope, receive, send)


def full() -> Starlette:
    """Everything on, as it is served."""
    return create_app()


def bare() -> Starlette:
    """The same application and routes without any layer: none of ``observability``, none of the version, no limits."""
    app = create_app()
    app.user_middleware = [
        Middleware(Admitted),
        *(_stand_in(layer) for layer in app.user_middleware if _is_context(layer)),
    ]
    measured_version(app).user_middleware = []
    return app


def without() -> Starlette:
    """Everything on but the layer, or the watcher, that the environment names."""
    app = create_app()
    name = os.environ[WITHOUT]
    for part in (app, measured_version(app)):
        part.user_middleware = [
            _unwatched(layer, name) if _is_context(layer) else layer
            for layer in part.user_middleware
            if layer_name(layer) != name or _is_context(layer)
        ]
    return app


def served_full() -> Starlette:
    """``full``, in a process that serves it."""
    return _settled(full())


def served_bare() -> Starlette:
    """``bare``, in a process that serves it."""
    return _settled(bare())


def served_without() -> Starlette:
    """``without``, in a process that serves it."""
    return _settled(without())


def layers(app: Starlette) -> list[str]:
    """The names of all layers and watchers, outermost first: those of the root, then those of the version."""
    names = []
    for part in (app, measured_version(app)):
        for layer in part.user_middleware:
            names += [layer_name(layer), *(type(listener).__name__ for listener in _listeners(layer))]
    return names


def layer_name(layer: Middleware) -> str:
    """The name of its class."""
    return str(getattr(layer.cls, "__name__", layer.cls))


def measured_version(app: Starlette) -> FastAPI:
    """The mounted application of the version that requests go to."""
    return next(
        route.app
        for route in app.routes
        if isinstance(route, Mount) and route.path == MEASURED and isinstance(route.app, FastAPI)
    )


def _settled(app: Starlette) -> Starlette:
    tune_garbage_collection()
    return app


def _is_context(layer: Middleware) -> bool:
    return layer.cls is RequestContextMiddleware


def _listeners(layer: Middleware) -> tuple[RequestListener, ...]:
    return tuple(layer.kwargs["listeners"]) if _is_context(layer) else ()


def _watched_by(layer: Middleware, listeners: Iterable[RequestListener]) -> Middleware:
    return Middleware(layer.cls, *layer.args, **{**layer.kwargs, "listeners": tuple(listeners)})


def _unwatched(layer: Middleware, name: str) -> Middleware:
    """Without the watcher of this name; without the layer itself, what others need of it is made once."""
    if layer_name(layer) == name:
        return _stand_in(layer)
    return _watched_by(layer, (listener for listener in _listeners(layer) if type(listener).__name__ != name))


def _stand_in(layer: Middleware) -> Middleware:
    return Middleware(OneContext, layer=_watched_by(layer, ()))
