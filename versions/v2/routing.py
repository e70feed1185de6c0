"""Route classes of v2: strict parameters, idempotency keys, entity tags."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from app.http.conditional import with_entity_tag
from app.http.idempotency.keys import PATTERN, ensure_key, idempotently, parse_key
from app.http.routing.strict import ACCEPT_PATCH, StrictRoute, ensure_readable
from app.http.state import state_of
from app.http.uploads.route import ensure_multipart
from observability.framework import body_declaration
from versions.kit.openapi import header

_MERGE_PATCH: Final = frozenset({"application/merge-patch+json", "application/json"})
_PATCH_TYPES: Final = ", ".join(sorted(_MERGE_PATCH))
_PATCH_HEADER: Final = header("The media types of a patch (RFC 5789).")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class V2Route(StrictRoute):
    """Rejects unknown parameters, runs a write once for each idempotency key and adds entity tags."""

    strict_parameters: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True
    """Whether writes accept an ``Idempotency-Key``."""

    async def wrap(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Safe methods are only tagged; a write runs once for each idempotency key."""
        if request.method in _SAFE:
            return with_entity_tag(request, await handler(request))

        async def tagged(request: Request) -> Response:
            return with_entity_tag(request, await handler(request))

        if not self.idempotent:
            return await tagged(request)
        return await idempotently(request, tagged)


class MoneyRoute(V2Route):
    """Moves money: a retry without a key could move it twice."""

    def ensure_complete(self, request: Request) -> None:
        """Raise ``IdempotencyKeyRequired`` without a key."""
        ensure_key(request)


class UploadRoute(V2Route):
    """Receives a multipart form as a stream. Its idempotency keys are those of the stored files."""

    idempotent: ClassVar[bool] = False

    def ensure_complete(self, request: Request) -> None:
        """Raise ``UnsupportedMediaType`` for another body."""
        ensure_multipart(request)


class LongWriteRoute(V2Route):
    """Takes longer than a transaction may be open, and may be repeated by itself: no response is stored for a key."""

    idempotent: ClassVar[bool] = False

    def ensure_complete(self, request: Request) -> None:
        """Raise ``InvalidIdempotencyKey`` for a malformed key."""
        if (key := request.headers.get("idempotency-key")) is not None:
            parse_key(key)


class DocumentRoute(V2Route):
    """Takes a document of JSON that the handler reads as it is and changes nothing, and of which nothing is sampled."""

    idempotent: ClassVar[bool] = False

    def ensure_complete(self, request: Request) -> None:
        """Raise ``UnsupportedMediaType``, also without a body."""
        ensure_readable(request, self.media_types)
        state_of(request.scope).unsampled = True


class PatchRoute(V2Route):
    """Accepts a JSON merge patch (RFC 7396) under its own media type or as plain JSON."""

    media_types: ClassVar[frozenset[str]] = _MERGE_PATCH

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        responses = options["responses"]
        for status in (200, 415):
            described = responses[status]
            responses[status] = {**described, "headers": {**described.get("headers", {}), ACCEPT_PATCH: _PATCH_HEADER}}
        super().__init__(path, endpoint, **options)
        # FastAPI documents one media type. Plain JSON has the same schema, referenced by the name of its model.
        body = body_declaration(self)
        model = None if body is None else body.annotation
        if not isinstance(model, type):
            message = f"{path}: the body of a patch must be declared as a model"
            raise TypeError(message)
        plain = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
        self.openapi_extra = {**(self.openapi_extra or {}), "requestBody": {"content": plain}}

    async def wrap(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Add the media types of a patch to the response (RFC 5789, section 3.1)."""
        response = await super().wrap(request, handler)
        response.headers[ACCEPT_PATCH] = _PATCH_TYPES
        return response


_KEY_EXAMPLE: Final = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
_KEY_TEXT: Final = (
    "A unique string. A retry with the same key within 24 hours gets the first response. A failed request "
    "is not stored: a retry runs again."
)


async def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(description=_KEY_TEXT, json_schema_extra={"pattern": PATTERN}, examples=[_KEY_EXAMPLE]),
    ] = None,
) -> None:
    """The route reads the header itself; this declares it."""


async def _required_key(
    idempotency_key: Annotated[
        str,
        Header(
            description=f"{_KEY_TEXT} So a rejected request may succeed later with its key.",
            json_schema_extra={"pattern": PATTERN},
            examples=[_KEY_EXAMPLE],
        ),
    ],
) -> None:
    """The route reads the header itself, and responds with 400 if it is missing; this declares it."""


WRITE: Final[list[Any]] = [Depends(_idempotency_key)]
MOVE: Final[list[Any]] = [Depends(_required_key)]
"""For operations of a ``MoneyRoute``."""


def router(prefix: str, tag: str, route_class: type[V2Route] = V2Route) -> APIRouter:
    """Returns a router for one resource. Operations that need another route class get a second router."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=route_class)
