"""A route that validates media type, JSON syntax and parameter names before FastAPI runs."""

import json
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import orjson
from fastapi.params import Form, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from app.errors import ErrorKind, FieldError, Malformed
from app.http.caching import caching_of
from app.http.deps.core import write_session
from app.http.errors.http_error import HttpError
from app.http.permissions import ensure_permitted, required_permissions
from app.http.principal import resolve_principal
from app.http.rate_limit.admission import admit, cost_of
from app.http.response_cache.component import through_cache
from app.http.response_cache.reads import cache_tags
from app.http.routing.compiled import compile_read, read_app
from app.http.routing.deprecations import Deprecations
from app.http.routing.forms import parse_form
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.http.stream_cookie import accepts_stream_cookie
from app.kit.db.metrics import PrometheusDatabaseMetrics
from app.kit.db.retries import run_transaction
from observability.framework import (
    body_declaration,
    depends_on,
    function_scope,
    is_list,
    parameters,
    read_plan,
    send_of,
    with_stacks,
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
ACCEPT_PATCH: Final = "Accept-Patch"
_JSON: Final = frozenset({"application/json"})
_FORM: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class UnsupportedMediaType(HttpError):
    code = "unsupported_media_type"
    kind = ErrorKind.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, accepted: frozenset[str], *, patch: bool) -> None:
        names = sorted(accepted)
        super().__init__(f"Send the body as {' or '.join(names)}.")
        self.headers = {ACCEPT_PATCH: ", ".join(names)} if patch else {}


class UnsupportedContentCoding(HttpError):
    code = "unsupported_content_coding"
    kind = ErrorKind.UNSUPPORTED_MEDIA_TYPE
    detail = "The body is compressed or encoded. Send it without Content-Encoding."

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"Accept-Encoding": "identity"}


class RepeatedParameter(Malformed):
    code = "repeated_parameter"
    detail = "The request has parameters that appear more than once. Send each once."

    def __init__(self, names: list[str], where: str = "query") -> None:
        super().__init__(fields=[FieldError((name,), self.code, "Repeated parameter.", where) for name in names])


class UnknownParameter(Malformed):
    code = "unknown_parameter"
    detail = "The request has query parameters that this operation does not know."

    def __init__(self, names: list[str]) -> None:
        super().__init__(fields=[FieldError((name,), self.code, "Unknown parameter.", "query") for name in names])


class StrictRequest(Request):
    """A request whose body is parsed as strict JSON (RFC 8259): no NaN, infinity or lone surrogates, bounded depth."""

    async def json(self) -> Any:
        """Parse the body. Raises ``json.JSONDecodeError``, which becomes a 422."""
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = orjson.loads(body)
            except json.JSONDecodeError as error:
                # orjson's error contains the document, which may contain a password; this one does not.
                raise json.JSONDecodeError(error.msg, "", error.pos) from None
        return self._json

    async def ensure_valid(self) -> None:
        """Check the body before FastAPI parses it; a subclass raises errors that FastAPI would replace."""

    async def read_form(self) -> FormData:
        """Parse the body; ``form`` returns the same. Raises ``MalformedForm``."""
        self._form = await parse_form(await self.body(), self.headers.get("content-type", ""))
        return self._form


class StrictRoute(APIRoute):
    """Charges and validates a request, then calls FastAPI's handler. Versions subclass it and override ``wrap``."""

    strict_parameters: ClassVar[bool] = False
    """Whether unknown parameters are rejected, and repeated ones that are no lists."""
    media_types: ClassVar[frozenset[str]] = _JSON
    request_class: ClassVar[type[StrictRequest]] = StrictRequest

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if read_plan(self) is not None:
            self.app = read_app(self.get_route_handler())

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind the checks."""
        inner: Callable[[Request], Awaitable[Response]] = super().get_route_handler()
        if (plan := read_plan(self)) is not None:
            inner = compile_read(plan, with_stacks(inner))
        queries = {alias: declaration for alias, declaration in parameters(self) if isinstance(declaration, Query)}
        single = {alias for alias, declaration in queries.items() if not is_list(declaration)}
        accepted, form_fields = self._accepted(), self._form_fields()
        document = self.openapi_extra or {}
        cost, authenticates, caching = cost_of(document), bool(document.get("security")), caching_of(document)
        required = required_permissions(document)
        is_stream, tags = accepts_stream_cookie(document), cache_tags(document)
        self.deprecations = deprecations = Deprecations.of(self)

        async def check(request: Request) -> Response:
            if self.strict_parameters and request.scope["query_string"]:
                ensure_parameters(request.query_params, queries, single)
            if accepted is not None:
                await self._read(request, accepted, form_fields)
            self.ensure_complete(request)
            return await inner(request)

        async def handle(request: Request) -> Response:
            strict = self.request_class(request.scope, request.receive, send_of(request))
            state_of(request.scope).caching = caching
            state_of(request.scope).accepts_stream_cookie = is_stream
            await admit(strict, cost, authenticates=authenticates)
            state_of(request.scope).required = required
            if len(required) == 1:
                # With alternatives, the service knows which one applies, and names it.
                ensure_permitted(await resolve_principal(strict), required)
            if deprecations is not None:
                await deprecations.record(strict)
            return await respond(strict)

        async def run_in_transaction(request: Request) -> Response:
            async def attempt() -> Response:
                async with function_scope(request.scope):
                    return await self.wrap(request, check)

            metrics = runtime_of(request.scope).metrics.group(PrometheusDatabaseMetrics)
            return await run_transaction(attempt, metrics)

        respond = run_in_transaction if depends_on(self, write_session) else partial(self._read_cached, tags, check)
        return handle

    async def wrap(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Call the handler. A version overrides this to add entity tags or idempotency keys."""
        return await handler(request)

    def _read_cached(self, tags: Sequence[str], handler: Handler, request: Request) -> Awaitable[Response]:
        return through_cache(request, tags, partial(self.wrap, request, handler))

    def ensure_complete(self, request: Request) -> None:
        """Check what the route needs beyond parameters and a body; FastAPI's handler is called next."""

    async def _read(self, request: Request, accepted: frozenset[str], form_fields: Collection[str]) -> None:
        # Read here: FastAPI would report an error of the size limit, or of a form, as a parsing error.
        if await request.body():
            ensure_readable(request, accepted)
        if accepted is _FORM and isinstance(request, StrictRequest):
            form = await request.read_form()
            if self.strict_parameters:
                # RFC 6749, section 3.2; unknown fields are ignored.
                _ensure_single(form, "body", form_fields)
        elif isinstance(request, StrictRequest):
            await request.ensure_valid()

    def _form_fields(self) -> Collection[str]:
        declaration = body_declaration(self)
        model = None if declaration is None else declaration.annotation
        return model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else ()

    def _accepted(self) -> frozenset[str] | None:
        declaration = body_declaration(self)
        if declaration is None:
            return None
        return _FORM if isinstance(declaration, Form) else self.media_types


def ensure_parameters(given: QueryParams, known: Collection[str], single: Collection[str]) -> None:
    """Raise ``UnknownParameter``, or ``RepeatedParameter`` if a parameter of ``single`` appears more than once."""
    if unknown := sorted(name for name in given if name not in known):
        raise UnknownParameter(unknown)
    _ensure_single(given, "query", single)


def _ensure_single(given: QueryParams | FormData, where: str, known: Collection[str]) -> None:
    if repeated := sorted(name for name in given if name in known and len(given.getlist(name)) > 1):
        raise RepeatedParameter(repeated, where)


def ensure_readable(request: Request, accepted: frozenset[str]) -> None:
    """Raise ``UnsupportedContentCoding``, or ``UnsupportedMediaType`` for a body of another media type."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise UnsupportedContentCoding
    if _media_type(request) not in accepted:
        raise UnsupportedMediaType(accepted, patch=request.method == "PATCH")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
