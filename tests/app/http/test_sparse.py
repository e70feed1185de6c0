"""A request gets the same answer whether the parameters that it lacks are looked at or not."""

from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http import sparse
from app.http.rate_limit.limits import DECISION
from app.http.routing.strict import StrictRoute


class Window(BaseModel):
    start: int = 1
    end: int = 2


def application(route_class: type[APIRoute]) -> ASGIApp:
    router = APIRouter(route_class=route_class)

    @router.get("/numbers")
    async def numbers(
        needed: int,
        limit: Annotated[int, Query(ge=1, le=9)] = 5,
        sort: Annotated[str | None, Query(alias="sort-by")] = None,
        tags: Annotated[list[str] | None, Query()] = None,
        old: int = Query(7),  # noqa: FAST002 - the older way of declaring must stay right, too
    ) -> list[Any]:
        return [needed, limit, sort, tags, old]

    @router.get("/window")
    async def window(chosen: Annotated[Window, Query()], flag: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - a query parameter
        return [chosen.start, chosen.end, flag]

    app = FastAPI()
    app.router.routes.extend(router.routes)

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {DECISION: None}}, receive, send)

    return admitted


QUERIES = [
    "/numbers?needed=1",
    "/numbers",
    "/numbers?needed=x&limit=0",
    "/numbers?needed=1&limit=9&sort-by=title&tags=a&tags=b&old=8",
    "/numbers?needed=1&limit=10",
    "/numbers?needed=1&limit=2&limit=3",
    "/numbers?needed=1&sort-by=",
    "/numbers?needed=1&sort=title",
    "/window",
    "/window?start=5",
    "/window?end=x&flag=true",
]


@pytest.mark.parametrize("most", [256, 1])
async def test_answers_are_those_of_a_plain_route(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(sparse, "_MOST_VARIANTS", most)
    clients = [
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application(kind)), base_url="http://x")
        for kind in (APIRoute, StrictRoute)
    ]
    for query in QUERIES * 2:
        plain, sparsely = [await client.get(query) for client in clients]
        assert (sparsely.status_code, sparsely.json()) == (plain.status_code, plain.json()), query
    for client in clients:
        await client.aclose()
