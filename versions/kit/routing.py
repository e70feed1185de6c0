"""Finds the route of a request in as many steps as its path has segments, independent of the number of routes.

The routers of FastAPI and Starlette try one regular expression after another: with 300 routes, the last one costs 300
matches. Their ``Allow`` header of a 405 is also incomplete: it names the methods of the first matching route only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.state import state_of
from observability.framework import match_line_breaks, wrap_router
from observability.requests.routes import path_below_mount

_BODY: Final = "http.response.body"


@dataclass(slots=True)
class _Node:
    """One node of the route tree: the segments that may follow a path prefix."""

    named: "dict[str, _Node]" = field(default_factory=dict)
    any: "_Node | None" = None
    routes: list[Route] = field(default_factory=list)

    def grow(self, segments: Sequence[str]) -> "_Node":
        """Returns the node of a path template; creates missing nodes."""
        node = self
        for segment in segments:
            if segment.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.named.setdefault(segment, _Node())
        return node

    def find(self, segments: Sequence[str], start: int = 0) -> list[Route]:
        """Returns the routes of the best matching template: a literal segment takes precedence over a parameter."""
        if start == len(segments):
            return self.routes
        named = self.named.get(segments[start])
        if named is not None and (found := named.find(segments, start + 1)):
            return found
        # A parameter is never empty: `/posts/` is not `/posts/{post_id}`.
        return self.any.find(segments, start + 1) if self.any is not None and segments[start] else []


class RouteTree:
    """Routes by path template. A look-up returns all routes of the best matching template."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = _Node()
        for route in routes:
            if isinstance(route, Route) and (segments := _segments(route.path)) is not None:
                self._root.grow(segments).routes.append(route)

    def find(self, path: str) -> list[Route]:
        """Returns the routes of a path, for all methods; empty for paths that only the router can match."""
        return self._root.find(path.split("/"))


class RouteIndex:
    """Wraps an application's router: passes a request to its route, or to the router if the index has no match.

    A literal path is a resource of its own: ``/posts/batch`` accepts ``POST``, so ``GET /posts/batch`` is 405 and not a
    look-up of the post "batch". ``HEAD`` is served wherever ``GET`` is, without the body (RFC 9110, section 9.3.2).
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        routes = tuple(routes)
        self._tree = RouteTree(routes)
        self._sockets = [route for route in routes if isinstance(route, WebSocketRoute)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not any(route.matches(scope)[0] is Match.FULL for route in self._sockets):
            # Starlette would close it with 403, without the version's headers.
            raise HTTPException(404)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_below_mount(scope)
        routes = self._tree.find(path)
        if not routes:
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD" and not any("HEAD" in (route.methods or ()) for route in routes):
            await _without_body(routes, scope, receive, send)
        else:
            await _handle(routes, scope, receive, send)


def index_routes(router: Router) -> None:
    """Wraps ``router`` in an index of its routes. Call it once, after all routes are added."""
    wrap_router(router, partial(RouteIndex, routes=router.routes))


def mounted(prefix: str, app: ASGIApp) -> Mount:
    """Mounts ``app`` at ``prefix`` for every path below it; Starlette's own pattern does not match line breaks."""
    mount = Mount(prefix, app)
    match_line_breaks(mount)
    return mount


@cache
def _segments(path: str) -> Sequence[str] | None:
    """The segments of a template if each of its parameters is one whole segment, else None."""
    segments = path.split("/")
    if ":path" in path or not all(
        segment.startswith("{") == segment.endswith("}") == ("{" in segment) for segment in segments
    ):
        return None
    # The name of a parameter and its convertor do not matter here.
    return tuple("{}" if segment.startswith("{") else segment for segment in segments)


async def _handle(routes: Sequence[Route], scope: Scope, receive: Receive, send: Send) -> None:
    for route in routes:
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            scope["route"] = route
            scope.update(child_scope)
            await route.handle(scope, receive, send)
            return
    # Metrics and logs are labelled with the resource.
    scope["route"] = routes[0]
    raise HTTPException(405, headers={"Allow": ", ".join(_allowed(routes))})


def _allowed(routes: Iterable[Route]) -> list[str]:
    methods = {method for route in routes for method in route.methods or ()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def _without_body(routes: Sequence[Route], scope: Scope, receive: Receive, send: Send) -> None:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == _BODY else message)

    # A copy, because the server reads the method in its own scope to decide that the response has no body.
    get_scope = {**scope, "method": "GET"}
    state_of(scope).without_body = True
    try:
        await _handle(routes, get_scope, receive, send_head)
    finally:
        # The outer middleware reports the matched route and the requested method.
        scope.update({**get_scope, "method": scope["method"]})
