"""The tie of compiled reads to FastAPI's declarations."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query
from fastapi.exceptions import ResponseValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from observability import framework


class Item(BaseModel):
    name: str


def route_of(router: APIRouter) -> APIRoute:
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    return route


async def test_a_read_plan_has_the_declarations_of_a_read() -> None:
    async def caller(request: Request) -> str:
        return str(request.headers["caller"])

    router, app = APIRouter(), FastAPI()

    @router.get("/items/{item_id}", response_model_exclude_unset=True)
    async def get_item(
        item_id: int,
        name: Annotated[str, Depends(caller)],
        size: Annotated[int, Query(alias="item-size", ge=1)] = 3,
        tags: Annotated[tuple[str, ...] | None, Query()] = None,
    ) -> Item:
        return Item(name=f"{name} {item_id} {size} {tags}")

    app.include_router(router)
    plan = framework.read_plan(route_of(router))
    assert plan is not None
    assert [(name, call, argument) for name, call, argument in plan.dependencies] == [("name", caller, "request")]
    assert [(one.name, one.alias, one.required) for one in plan.path] == [("item_id", "item_id", True)]
    assert [(one.name, one.alias, one.required, one.default, one.is_list) for one in plan.query] == [
        ("size", "item-size", False, 3, False),
        ("tags", "tags", False, None, True),
    ]
    assert plan.query[0].validate("4") == 4
    assert plan.query[1].validate(["a", "b"]) == ("a", "b")
    with pytest.raises(ValidationError):
        plan.query[0].validate("0")
    assert plan.render(Item(name="a")) == b'{"name":"a"}'
    assert plan.render({"name": "a"}) == b'{"name":"a"}'
    with pytest.raises(ResponseValidationError):
        plan.render({"name": 1})


@pytest.mark.parametrize("declaration", ["header", "default", "generator", "thread", "nested", "body"])
def test_a_route_that_declares_more_has_no_read_plan(declaration: str) -> None:
    async def session() -> AsyncIterator[int]:
        yield 1

    def threaded() -> int:
        return 1

    async def inner(request: Request) -> Request:
        return request

    async def outer(request: Annotated[Request, Depends(inner)]) -> Request:
        return request

    annotations = {
        "header": Annotated[str, Header()],
        "default": Annotated[list[str], Query(default_factory=list)],
        "generator": Annotated[int, Depends(session)],
        "thread": Annotated[int, Depends(threaded)],
        "nested": Annotated[object, Depends(outer)],
        "body": Item,
    }

    async def endpoint(value: object) -> Item:
        return Item(name=str(value))

    endpoint.__annotations__["value"] = annotations[declaration]
    router = APIRouter()
    router.get("/items")(endpoint)
    assert framework.read_plan(route_of(router)) is None


async def test_a_read_plan_includes_the_dependencies_of_an_including_router() -> None:
    async def guard() -> None:
        raise HTTPException(403)

    seen = []

    class Recorder(APIRoute):
        def get_route_handler(self) -> Any:
            seen.append(framework.read_plan(self))
            return super().get_route_handler()

    router, app = APIRouter(route_class=Recorder), FastAPI()

    @router.get("/items")
    async def list_items() -> Item:
        return Item(name="a")

    app.include_router(router, dependencies=[Depends(guard)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as http:
        assert (await http.get("/items")).status_code == 403
    assert seen[0] is not None
    assert seen[-1] is None, "the guard has no name, so only FastAPI's handler runs it"
