"""Everything that Strata uses of FastAPI's and Starlette's internals, in one place.

None of it is promised by their documentation, so ``pyproject.toml`` pins FastAPI's minor version, and
``tests/architecture/test_framework.py`` has a test for each function here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.requests import Request
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Send

FASTAPI_MINOR: Final = "0.165"


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


def send_of(request: Request) -> Send:
    """The ASGI ``send`` of a request, to construct another request from it."""
    return request._send  # noqa: SLF001 - Starlette has no public name for it


def wrap_router(router: Router, layer: Callable[[ASGIApp], Any]) -> None:
    """Put a layer between an application's middleware and the routes of ``router``."""
    router.middleware_stack = layer(router.middleware_stack)


def match_line_breaks(mount: Mount) -> None:
    """Let a mount match paths with line breaks: Starlette's pattern ends at the first one."""
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
