"""Everything that Strata uses of FastAPI's and Starlette's internals, in one place.

None of it is promised by their documentation, so ``pyproject.toml`` pins FastAPI's minor version, and
``tests/architecture/test_framework.py`` has a test for each function here.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

FASTAPI_MINOR: Final = "0.165"
_FUNCTION_STACK: Final = "fastapi_function_astack"


class LeanStarlette(Starlette):
    """An application whose own middleware turns unexpected exceptions into responses.

    Starlette's outermost layer would do so once more, in plain text.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """The application's own middleware around the exception handlers and the router."""
        return _wrap(self, ExceptionMiddleware(self.router, handlers=self.exception_handlers))


class LeanFastAPI(FastAPI):
    """An application whose own outermost middleware renders every exception that a route does not handle.

    FastAPI adds layers for telemetry, for body limits, for exceptions outside of routes and for a plain 500. Here they
    do nothing, and each costs a request a coroutine frame that every await inside resumes through.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """The application's own middleware around the router, whose routes get the exception handlers."""
        return _wrap(self, _RouteExceptionHandlers(AsyncExitStackMiddleware(self.router), self.exception_handlers))


class _RouteExceptionHandlers:
    """Passes the exception handlers to routes, as Starlette's ``ExceptionMiddleware`` does."""

    def __init__(self, app: ASGIApp, handlers: Mapping[Any, Any]) -> None:
        self._app = app
        by_status = {key: handler for key, handler in handlers.items() if isinstance(key, int)}
        self._handlers = {key: handler for key, handler in handlers.items() if key not in by_status}, by_status

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No coroutine of its own.
        scope["starlette.exception_handlers"] = self._handlers
        return self._app(scope, receive, send)


def _wrap(app: Starlette, inner: ASGIApp) -> ASGIApp:
    for layer in reversed(app.user_middleware):
        inner = layer.cls(inner, *layer.args, **layer.kwargs)
    return inner


def included_template(scope: Mapping[str, Any]) -> str | None:
    """The template of a route that ``include_router`` added, with the router's prefix.

    Since FastAPI 0.137 ``scope["route"]`` lacks that prefix; the effective route context has it.
    """
    context = (scope.get("fastapi") or {}).get("effective_route_context")
    if context is None:
        return None
    template: str | None = getattr(context.starlette_route, "path_format", None) or context.path_format
    return template


def parameters(route: APIRoute) -> Sequence[tuple[str, FieldInfo]]:
    """Alias and declaration of each query, path, header and cookie parameter, those of dependencies included."""
    return [(field.alias, field.field_info) for field in get_flat_params(route.dependant)]


def body_declaration(route: APIRoute) -> FieldInfo | None:
    """The declaration of a route's body: its annotation, and whether it is a form; ``None`` without a body."""
    return None if route.body_field is None else route.body_field.field_info


def depends_on(route: APIRoute, dependency: Callable[..., Any]) -> bool:
    """Whether a route, or one of its dependencies, depends on ``dependency``."""
    waiting = list(route.dependant.dependencies)
    while waiting:
        found = waiting.pop()
        if found.call is dependency:
            return True
        waiting.extend(found.dependencies)
    return False


@asynccontextmanager
async def function_scope(scope: Scope) -> AsyncIterator[None]:
    """End the ``scope="function"`` dependencies of the block at its end, before FastAPI ends those of the request.

    So that a block which failed can run again, with dependencies of its own.
    """
    outer = scope[_FUNCTION_STACK]
    try:
        async with AsyncExitStack() as stack:
            scope[_FUNCTION_STACK] = stack
            yield
    finally:
        scope[_FUNCTION_STACK] = outer


def send_of(request: Request) -> Send:
    """The ASGI ``send`` of a request, to construct another request from it."""
    return request._send  # noqa: SLF001 - Starlette has no public name for it


def wrap_router(router: Router, layer: Callable[[ASGIApp], Any]) -> None:
    """Put a layer between an application's middleware and the routes of ``router``."""
    router.middleware_stack = layer(router.middleware_stack)


def match_line_breaks(mount: Mount) -> None:
    """Let a mount match paths with line breaks: Starlette's pattern ends at the first one."""
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
