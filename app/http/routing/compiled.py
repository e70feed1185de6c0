"""Calls the endpoint of a read without walking FastAPI's tree of declarations for every request.

The declarations stay FastAPI's: they make the OpenAPI document, and every request that fails validation is passed to
FastAPI's own handler, which renders the errors. ``tests/benchmarks/README.md`` has the figures.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.routing.plain_json import plain_renderer
from observability.framework import Parameter, ReadPlan

Handler = Callable[[Request], Awaitable[Response]]


def compile_read(plan: ReadPlan, fallback: Handler) -> Handler:
    """Return a handler with the responses of ``fallback``, which is FastAPI's handler of the same route."""
    endpoint, request_name, response_name = plan.endpoint, plan.request_name, plan.response_name
    render = plain_renderer(plan.models, plan.options, plan.render)

    async def handle(request: Request) -> Response:
        arguments: dict[str, Any] = {}
        for name, dependency, argument in plan.dependencies:
            arguments[name] = await dependency(**{argument: request})
        try:
            _read(plan.path, request.path_params, arguments)
            _read(plan.query, request.query_params, arguments)
        except (ValidationError, KeyError):
            return await fallback(request)
        if request_name is not None:
            arguments[request_name] = request
        changes = None
        if response_name is not None:
            changes = arguments[response_name] = _header_carrier()
        content = await endpoint(**arguments)
        if isinstance(content, Response):
            return content
        status = plan.status_code if changes is None else changes.status_code or plan.status_code
        response = Response(render(content), status, media_type="application/json")
        if changes is not None:
            response.raw_headers.extend(changes.raw_headers)
        return response

    return handle


def read_app(handler: Handler) -> ASGIApp:
    """Return the ASGI application of a compiled read.

    FastAPI's enters two exit stacks and handles exceptions. A compiled read has no dependency to end, and the version's
    middleware renders its exceptions with the same function as the handlers of the application.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def _read(parameters: Sequence[Parameter], values: Any, arguments: dict[str, Any]) -> None:
    """Add the arguments of these parameters. Raises ``KeyError`` for a missing one, ``ValidationError``."""
    for parameter in parameters:
        alias = parameter.alias
        if parameter.required or alias in values:
            arguments[parameter.name] = parameter.validate(
                values.getlist(alias) if parameter.is_list else values[alias]
            )
        else:
            arguments[parameter.name] = parameter.default


def _header_carrier() -> Response:
    """The response on which an endpoint sets headers and status, before the real one exists."""
    carrier = Response()
    del carrier.headers["content-length"]
    carrier.status_code = 0
    return carrier
