"""Finds the route of a request in as many steps as its path has segments, however many routes there are.

The routers of FastAPI and Starlette try one regular expression after another: with 300 routes the last of them pays
for 299. They are also wrong about methods: a 405 of theirs names those of the first route that fits the path.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability.framework import match_line_breaks, wrap_router
from observability.requests.routes import path_below_mount

_BODY: Final = "http.response.body"


@dataclass(slots=True)
class _Node:
    """What may follow after some segments of a path."""

    named: "dict[str, _Node]" = field(default_factory=dict)
    any: "_Node | None" = None
    routes: list[Route] = field(default_factory=list)

    def grow(self, segments: Sequence[str]) -> "_Node":
        """The node of a template, made where it is missing."""
        node = self
        for segment in segments:
            if segment.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.named.setdefault(segment, _Node())
        return node

    def find(self, segments: Sequence[str], start: int = 0) -> list[Route]:
        """The routes of the template that fits best: a named segment goes before a parameter."""
        if start == len(segments):
            return self.routes
        named = self.named.get(segments[start])
        if named is not None and (found := named.find(segments, start + 1)):
            return found
        # A parameter is never empty: `/posts/` is not `/posts/{post_id}`.
        return self.any.find(segments, start + 1) if self.any is not None and segments[start] else []


class RouteTree:
    """The routes by their templates; a path leads to those that share the one that fits it best."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = _Node()
        for route in routes:
            if isinstance(route, Route) and _indexable(route):
                self._root.grow(route.path_format.split("/")).routes.append(route)

    def find(self, path: str) -> list[Route]:
        """The routes of a path, of whatever method; none for one that only the router knows."""
        return self._root.find(path.split("/"))


class RouteIndex:
    """The innermost layer of an application: hands a request to its route, or to the router for the rest.

    A path with a route of its own is a resource of its own: where ``/posts/batch`` takes ``POST``, ``GET`` there is 405
    and not the post named batch. ``HEAD`` is answered wherever ``GET`` is, without the body (RFC 9110, section 9.3.2).
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._tree = RouteTree(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
    """Put the index of all its routes in front of ``router``. To be called once, when the routes are complete."""
    wrap_router(router, partial(RouteIndex, routes=router.routes))


def mounted(prefix: str, app: ASGIApp) -> Mount:
    """``app`` under ``prefix``, with every path below it: Starlette's pattern ends where the path has a line break."""
    mount = Mount(prefix, app)
    match_line_breaks(mount)
    return mount


def _indexable(route: Route) -> bool:
    """Whether every parameter is one whole segment."""
    return all(
        segment.startswith("{") == segment.endswith("}") == ("{" in segment) for segment in route.path.split("/")
    ) and (":path" not in route.path)


async def _handle(routes: Sequence[Route], scope: Scope, receive: Receive, send: Send) -> None:
    for route in routes:
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            scope["route"] = route
            scope.update(child_scope)
            await route.handle(scope, receive, send)
            return
    # Metrics and logs want to know which resource it was.
    scope["route"] = routes[0]
    raise HTTPException(405, headers={"Allow": ", ".join(_allowed(routes))})


def _allowed(routes: Iterable[Route]) -> list[str]:
    methods = {method for route in routes for method in route.methods or ()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def _without_body(routes: Sequence[Route], scope: Scope, receive: Receive, send: Send) -> None:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == _BODY else message)

    # A copy, since the server reads the method of its own scope to know that no body is due.
    answered = {**scope, "method": "GET"}
    try:
        await _handle(routes, answered, receive, send_head)
    finally:
        # The layers outside report the route that was found, and the method that was asked for.
        scope.update({**answered, "method": scope["method"]})
