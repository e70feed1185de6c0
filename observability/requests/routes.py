"""Low-cardinality names of routes and methods: metrics and logs carry no raw path and no unknown method."""

from typing import Final

from starlette.routing import Match, Mount, Route, WebSocketRoute
from starlette.types import Scope

from observability.framework import included_template

UNMATCHED: Final = "unmatched"
"""The route of a request that matched no route, inside or outside a mounted version."""
OTHER_METHOD: Final = "OTHER"

_METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"),
)
_REST: Final = "/{path}"


def method(scope: Scope) -> str:
    """Return the method if a standard defines it (RFC 9110, RFC 5789, QUERY), otherwise ``OTHER``."""
    name: str = scope["method"]
    return name if name in _METHODS else OTHER_METHOD


def path_below_mount(scope: Scope) -> str:
    """The path of a request as the innermost mount sees it: without the prefixes of mounts and of the server."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def route_template(scope: Scope) -> str:
    """Return the full template, ``/api/vN/posts/{post_id}``, or ``unmatched``. Call it after the application has run.

    A 405 keeps the template: the path matched, so there are no more series than routes, and the template helps to find
    the cause. A mount counts as a route only if it has no routes inside (static files, a bare ASGI application);
    ``{path}`` then stands for the rest.
    """
    template = _own_template(scope)
    if template is None:
        return UNMATCHED
    root: str = scope.get("root_path", "")
    # Beyond the server's own prefix, ``root_path`` contains the prefixes of the mounts.
    served_under: str = scope.get("app_root_path", root)
    return root.removeprefix(served_under) + template


def _own_template(scope: Scope) -> str | None:
    """Return the template within the innermost mount."""
    template = included_template(scope)
    if template is not None:
        return template
    route = scope.get("route")
    if isinstance(route, Mount):
        return None if route.routes else _REST
    return getattr(route, "path_format", None) or _plain_template(scope)


def _plain_template(scope: Scope) -> str | None:
    """Return the template of a plain Starlette route, which FastAPI's router does not store in the scope.

    A mounted application stays the endpoint in the scope, unless a route inside replaced it.
    """
    endpoint, app = scope.get("endpoint"), scope.get("app")
    if endpoint is None or endpoint is app:
        return None
    for route in getattr(app, "routes", ()):
        plain = isinstance(route, Route | WebSocketRoute) and route.endpoint is endpoint
        if plain and route.matches(scope)[0] is not Match.NONE:
            return str(route.path_format)
        if isinstance(route, Mount) and route.app is endpoint:
            return None if route.routes else _REST
    return None
