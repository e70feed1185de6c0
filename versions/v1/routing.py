"""Routers of v1."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends, Header, Path
from starlette.requests import Request
from starlette.responses import Response

from app.http.idempotency.keys import PATTERN, idempotently
from app.http.routing.strict import StrictRequest, StrictRoute
from app.http.uploads.route import ensure_multipart
from versions.kit.values import MAX_INTEGER, IntegerInPath
from versions.v1.exact import ExactRequest

Id = Annotated[IntegerInPath, Path(description="The sequential id.", examples=[1])]
MAX_SKIP: Final = MAX_INTEGER


class MoneyRoute(StrictRoute):
    """Reads amounts exactly, and runs once for each ``Idempotency-Key``, which other operations of v1 ignore."""

    request_class: ClassVar[type[StrictRequest]] = ExactRequest

    async def wrap(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """See ``StrictRoute``."""
        return await idempotently(request, handler)


class UploadRoute(StrictRoute):
    """Receives a multipart form as a stream."""

    def ensure_complete(self, request: Request) -> None:
        """Raise ``UnsupportedMediaType`` for another body."""
        ensure_multipart(request)


async def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description=(
                "A unique string. A retry with the same key within 24 hours gets the first response. A failed request "
                "is not stored: a retry runs again. Without a key, a retry may move the money twice."
            ),
            json_schema_extra={"pattern": PATTERN},
            examples=['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
        ),
    ] = None,
) -> None:
    """The route reads the header itself; this declares it."""


MOVE: Final[list[Any]] = [Depends(_idempotency_key)]
"""For operations of a ``MoneyRoute``."""


def router(prefix: str, tag: str, route_class: type[StrictRoute] = StrictRoute) -> APIRouter:
    """Returns a router for one resource. Operations that need another route class get a second router."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=route_class)


def number(identifier: object) -> int:
    """Narrows an id of a path to ``int``: it is annotated as text, and its validator has parsed it."""
    if not isinstance(identifier, int):
        raise TypeError
    return identifier
