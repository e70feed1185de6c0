"""Usage in v2."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from app.http.deps.usage import UsageReaderDep, UsedElementsReaderDep
from versions.kit.application import Resource
from versions.kit.needs import READ_USAGE
from versions.kit.operations import SIGNED_IN
from versions.kit.values import Day
from versions.v2.errors import operations
from versions.v2.ids import ApiKeyId
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import router
from versions.v2.usage import mapping, schemas

usage = router("/usage", "usage")
RESOURCE: Final = Resource(tags=({"name": "usage", "description": "The requests of the caller."},), routers=(usage,))
UsagePage = Page[schemas.UsageDay]
UsedOperationPage = Page[schemas.UsedOperation]
Since = Annotated[Day | None, Query(description="The first day, in UTC.", examples=["2026-11-01"])]
Until = Annotated[Day | None, Query(description="The last day, in UTC.", examples=["2026-11-30"])]
OfKey = Annotated[
    ApiKeyId | None, Query(description="Only requests with this key and the other keys of its rotations.")
]


@usage.get("", **operations.declare("usage.list", security=SIGNED_IN, needs=READ_USAGE, success=LINK))
async def list_usage(
    request: Request,
    response: Response,
    reader: UsageReaderDep,
    since: Since = None,
    until: Until = None,
    api_key_id: OfKey = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> UsagePage:
    """List the requests of the caller and all of the caller's API keys by day and key, newest day first.

    The numbers of all versions are added, appear after about 10 seconds, and are stored for 400 days. A request without
    valid credentials (401) belongs to no caller.
    """
    found = await reader.page(mapping.wanted(since, until, api_key_id), position(request, cursor), limit)
    return page(UsagePage, request, response, found, mapping.usage_day)


@usage.get(
    "/elements", **operations.declare("usage.elements", security=SIGNED_IN, needs=READ_USAGE, success=LINK, cost=5)
)
async def list_used_elements(
    request: Request,
    response: Response,
    reader: UsedElementsReaderDep,
    since: Since = None,
    until: Until = None,
    api_key_id: OfKey = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> UsedOperationPage:
    """List the operations that the caller uses with all API keys, and which of their parameters and members.

    They are known from a sample of the requests: the first ones of each hour, and one in a hundred; by default of the
    last 30 days. Of each element the response says whether it is deprecated, and whether the successor of the operation
    lacks it. The numbers appear after about 10 seconds and are stored for 400 days.
    """
    found = await reader.page(mapping.wanted(since, until, api_key_id), position(request, cursor), limit)
    return page(UsedOperationPage, request, response, found, mapping.used_operation)
