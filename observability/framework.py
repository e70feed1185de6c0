"""Everything that Strata uses of FastAPI's and Starlette's internals, in one place.

None of it is promised by their documentation, so ``pyproject.toml`` pins FastAPI's minor version, and
``tests/architecture/test_framework.py`` has a test for each function here.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from inspect import iscoroutinefunction
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from fastapi import FastAPI
from fastapi._compat import ModelField, field_annotation_is_scalar, field_annotation_is_scalar_sequence
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import ResponseValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute, _effective_route_context_var
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

FASTAPI_MINOR: Final = "0.165"
_OPTIONS: Final = ("include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none")
_REQUEST_STACK: Final = "fastapi_inner_astack"
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


def with_stacks(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Let FastAPI's handler run outside of its route's application, which enters these stacks."""

    async def handle(request: Request) -> Response:
        async with AsyncExitStack() as stack:
            request.scope[_REQUEST_STACK] = request.scope[_FUNCTION_STACK] = stack
            return await handler(request)

    return handle


def send_of(request: Request) -> Send:
    """The ASGI ``send`` of a request, to construct another request from it."""
    return request._send  # noqa: SLF001 - Starlette has no public name for it


def wrap_router(router: Router, layer: Callable[[ASGIApp], Any]) -> None:
    """Put a layer between an application's middleware and the routes of ``router``."""
    router.middleware_stack = layer(router.middleware_stack)


def match_line_breaks(mount: Mount) -> None:
    """Let a mount match paths with line breaks: Starlette's pattern ends at the first one."""
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter."""

    name: str
    """The argument of the endpoint."""
    alias: str
    """The name in the request."""
    validate: Callable[[Any], Any]
    """Return the converted value. Raises ``pydantic.ValidationError``."""
    required: bool
    default: Any
    """Immutable, since every request without the parameter gets the same object."""
    is_list: bool
    """Whether ``validate`` takes the list of all values in the query."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What FastAPI's handler of a read looks up in a tree of declarations for every request."""

    endpoint: Callable[..., Awaitable[Any]]
    dependencies: Sequence[tuple[str, Callable[..., Awaitable[Any]], str]]
    """Argument of the endpoint, function, and the function's only argument, which takes the request."""
    path: Sequence[Parameter]
    query: Sequence[Parameter]
    request_name: str | None
    response_name: str | None
    status_code: int
    models: Sequence[Any]
    """The type of the response, or the members of a union."""
    options: Mapping[str, Any]
    """Those of ``response_model_...`` by their names."""
    render: Callable[[Any], bytes]
    """Return the JSON of what the endpoint returned. Raises ``fastapi.exceptions.ResponseValidationError``."""


def read_plan(route: APIRoute) -> ReadPlan | None:
    """The plan of a route, or ``None`` if it declares more than a plan can express.

    A plan has coroutine functions that take nothing but the request as dependencies, values and lists of values in path
    and query, and a response model that is rendered as JSON. ``route`` may be the route of an included router while
    FastAPI builds its handler.
    """
    effective = _effective_route_context_var.get()
    declared: Any = route if effective is None or effective.original_route is not route else effective
    root: Dependant = declared.dependant
    field = declared.response_field
    if (
        set(declared.methods) != {"GET"}
        or field is None
        or declared.body_field is not None
        or declared.is_sse_stream
        or declared.is_json_stream
        or not isinstance(declared.response_class, DefaultPlaceholder)
        or not _plain(root)
        or not all(_takes_the_request(dependency) for dependency in root.dependencies)
    ):
        return None
    if any(not _is_plain_parameter(parameter) for parameter in (*root.path_params, *root.query_params)):
        return None
    endpoint: Any = root.call
    annotation = field.field_info.annotation
    models = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    options = {name: getattr(declared, f"response_model_{name}") for name in _OPTIONS}
    return ReadPlan(
        endpoint,
        [(one.name or "", one.call, one.request_param_name or "") for one in root.dependencies],  # type: ignore[misc]  # not None: see _takes_the_request
        [_parameter(one) for one in root.path_params],
        [_parameter(one) for one in root.query_params],
        root.request_param_name,
        root.response_param_name,
        declared.status_code or 200,
        models,
        options,
        _renderer(models, options, field),
    )


def _renderer(types: Sequence[Any], options: Mapping[str, Any], field: ModelField) -> Callable[[Any], bytes]:
    """A model was validated when it was built, so an instance of the response model is not validated again."""
    models = frozenset(member for member in types if isinstance(member, type) and issubclass(member, BaseModel))

    def render(value: Any) -> bytes:
        if type(value) not in models:
            value, errors = field.validate(value, {}, loc=("response",))
            if errors:
                raise ResponseValidationError(errors)
        return field.serialize_json(value, **options)

    return render


def _plain(dependant: Dependant) -> bool:
    """Whether a function is a coroutine function and takes nothing that a plan lacks."""
    return iscoroutinefunction(dependant.call) and not (
        dependant.header_params
        or dependant.cookie_params
        or dependant.body_params
        or dependant.websocket_param_name
        or dependant.http_connection_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.concurrency
    )


def _takes_the_request(dependant: Dependant) -> bool:
    return (
        _plain(dependant)
        and bool(dependant.name and dependant.request_param_name)
        and not (dependant.response_param_name or dependant.path_params or dependant.query_params)
        and not dependant.dependencies
    )


def is_list(declaration: FieldInfo) -> bool:
    """Whether a parameter takes all values of its name, as FastAPI decides it."""
    return field_annotation_is_scalar_sequence(declaration.annotation)


def _is_plain_parameter(field: ModelField) -> bool:
    """Whether a parameter is a value, or a list of values, whose default needs no copy."""
    annotation = field.field_info.annotation
    return (field_annotation_is_scalar(annotation) or field_annotation_is_scalar_sequence(annotation)) and not (
        field.field_info.validate_default
        or field.field_info.default_factory is not None
        or isinstance(field.default, (dict, list, set))
    )


def _parameter(field: ModelField) -> Parameter:
    return Parameter(
        field.name,
        field.alias,
        field._type_adapter.validate_python,  # noqa: SLF001 - ModelField.validate renders errors, which only FastAPI's handler needs
        field.field_info.is_required(),
        field.default,
        is_list(field.field_info),
    )
