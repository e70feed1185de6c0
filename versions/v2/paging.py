"""Pagination in v2: keyset cursors in the body and in the ``Link`` header (RFC 8288)."""

from collections.abc import Callable
from operator import itemgetter
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.http.cursors import CursorCodec, listing_of
from app.http.runtime import runtime_of
from app.kit.db.keyset import Position, Slice
from versions.kit.openapi import header
from versions.kit.trusted import trusted
from versions.kit.values import DECIMAL, NO_NUL

T = TypeVar("T")
V = TypeVar("V")

Limit = Annotated[
    int, Query(ge=1, le=100, description="The maximum number of items on a page.", examples=[20]), DECIMAL
]
Cursor = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=4096,
        pattern=NO_NUL,
        description="`next_cursor` of the previous page. Opaque; valid only with the same filters and order.",
    ),
]
DEFAULT_LIMIT: Final = 20
LINK: Final = {200: {"headers": {"Link": header('The next page (`rel="next"`), if there is one.')}}}


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid")

    data: list[T] = Field(description="The items of this page.")
    next_cursor: str | None = Field(description="The cursor of the next page; null on the last page.", examples=[None])
    has_more: bool = Field(description="Whether there is a next page.", examples=[False])


def position(request: Request, cursor: str | None) -> Position | None:
    """Decodes a cursor to a keyset position. Raises ``InvalidCursor``, ``CursorMismatch``."""
    return None if cursor is None else runtime_of(request.scope).get(CursorCodec).decode(listing_of(request), cursor)


def page(
    kind: type[Page[T]], request: Request, response: Response, found: Slice[V], shape: Callable[[V], T]
) -> Page[T]:
    """Returns the page and adds a ``Link`` header to the next one; ``shape`` returns the item for a view."""
    return page_of(kind, request, response, found, [shape(item) for item in found.items])


def page_of(kind: type[Page[T]], request: Request, response: Response, found: Slice[Any], data: list[Any]) -> Page[T]:
    """Returns the page with these items, which are models or their members, and adds a ``Link`` header to the next one.

    ``kind`` must be the class that the operation declares; FastAPI validates a page of another class item by item.
    """
    cursor = None
    if found.next_position is not None:
        cursor = runtime_of(request.scope).get(CursorCodec).encode(listing_of(request), found.next_position)
        others = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        # In one order, because requests that differ in it alone have the same response.
        given = urlencode(sorted(others, key=itemgetter(0)))
        # A cursor consists of characters that need no quotes.
        target = f"{quote(request.scope['path'])}?{given}{'&' if given else ''}cursor={cursor}"
        response.headers["Link"] = f'<{target}>; rel="next"'
    return trusted(kind, {"data": data, "next_cursor": cursor, "has_more": found.has_more})
