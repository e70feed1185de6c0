"""One test per tie to FastAPI's and Starlette's internals: an upgrade that changes one fails here first."""

import ast
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Header, HTTPException, Query, params
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from observability import framework

ROOT = Path(__file__).parents[2]
SOURCES = [path for name in ("app", "versions", "observability") for path in (ROOT / name).rglob("*.py")]
PRIVATE_MODULES = ("fastapi._", "fastapi.dependencies", "starlette._")
PRIVATE_ATTRIBUTES = {"_send", "middleware_stack", "path_regex", "dependant", "body_field", "response_field"}


class Item(BaseModel):
    name: str


class Reject:
    """A layer that rejects other paths."""

    def __init__(self, app: ASGIApp, *, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = self._app if scope["path"] in self._allowed else PlainTextResponse("rejected", 403)
        await inner(scope, receive, send)


def client(app: ASGIApp) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://strata.test")


def route_of(router: APIRouter) -> APIRoute:
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    return route


def test_the_pinned_minor_is_installed() -> None:
    assert version("fastapi").rpartition(".")[0] == framework.FASTAPI_MINOR
    assert f'"fastapi=={framework.FASTAPI_MINOR}.*"' in (ROOT / "pyproject.toml").read_text()


async def test_the_template_of_an_included_route_has_the_prefix() -> None:
    seen: list[str | None] = []
    router, app = APIRouter(prefix="/things"), FastAPI()

    @router.get("/{thing_id}")
    async def get_thing(request: Request, thing_id: int) -> int:
        seen.append(framework.included_template(request.scope))
        return thing_id

    app.include_router(router, prefix="/api")
    async with client(app) as http:
        assert (await http.get("/api/things/1")).json() == 1
    assert seen == ["/api/things/{thing_id}"]
    assert framework.included_template({}) is None


def test_parameters_include_those_of_dependencies() -> None:
    async def caller(trace: Annotated[str | None, Header()] = None) -> str | None:
        return trace

    router = APIRouter()

    @router.get("/")
    async def list_things(
        who: Annotated[str, Depends(caller)], limit: Annotated[int, Query(alias="max")] = 5
    ) -> None: ...

    found = {alias: type(declaration).__name__ for alias, declaration in framework.parameters(route_of(router))}
    assert found == {"max": "Query", "trace": "Header"}


def test_the_body_declaration_tells_json_from_a_form() -> None:
    json_router, form_router, bodiless = APIRouter(), APIRouter(), APIRouter()

    @json_router.post("/")
    async def create(body: Item) -> None: ...

    @form_router.post("/")
    async def submit(name: Annotated[str, Form()]) -> None: ...

    @bodiless.get("/")
    async def read() -> None: ...

    json_body, form = (framework.body_declaration(route_of(router)) for router in (json_router, form_router))
    assert json_body is not None
    assert json_body.annotation is Item
    assert isinstance(form, params.Form)
    assert framework.body_declaration(route_of(bodiless)) is None


async def test_send_of_is_the_send_of_the_scope() -> None:
    async def receive() -> dict[str, object]:
        return {}

    async def send(_message: object) -> None: ...

    request = Request({"type": "http", "headers": []}, receive, send)
    assert framework.send_of(request) is send


async def test_a_wrapped_router_runs_the_layer_first() -> None:
    app = FastAPI()

    @app.get("/open")
    @app.get("/closed")
    async def read() -> str:
        return "read"

    framework.wrap_router(app.router, partial(Reject, allowed=("/open",)))
    async with client(app) as http:
        assert ((await http.get("/open")).json(), (await http.get("/closed")).text) == ("read", "rejected")


async def test_a_mount_matches_paths_with_line_breaks() -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("reached")(scope, receive, send)

    mount, app = Mount("/api", echo), FastAPI()
    framework.match_line_breaks(mount)
    app.router.routes.append(mount)
    async with client(app) as http:
        assert (await http.get("/api/a%0Ab")).text == "reached"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_uses_internals(path: Path) -> None:
    if path == ROOT / "observability" / "framework.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            assert not node.module.startswith(PRIVATE_MODULES), node.module
        if isinstance(node, ast.Attribute) and ast.unparse(node) != "self._send":
            assert node.attr not in PRIVATE_ATTRIBUTES, f"line {node.lineno}: {node.attr}"


async def test_a_lean_application_handles_exceptions_and_keeps_its_layers() -> None:
    app = framework.LeanFastAPI(middleware=[Middleware(Reject, allowed=("/items", "/missing"))])

    @app.post("/items")
    async def create(item: Item) -> str:
        return item.name

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404)

    async with client(app) as http:
        assert (await http.post("/items", json={"name": "bear"})).json() == "bear"
        assert (await http.post("/items", json={})).status_code == 422
        assert (await http.get("/missing")).status_code == 404
        assert (await http.get("/closed")).text == "rejected"


async def test_function_scope_ends_the_dependencies_of_each_attempt() -> None:
    events: list[str] = []

    async def resource() -> AsyncIterator[None]:
        events.append("open")
        yield
        events.append("close")

    class TwiceRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                for _ in range(2):
                    async with framework.function_scope(request.scope):
                        response = await inner(request)
                    events.append("attempted")
                return response

            return handle

    router, app = APIRouter(route_class=TwiceRoute), FastAPI()

    @router.get("/", dependencies=[Depends(resource, scope="function")])
    async def get() -> int:
        return 1

    app.include_router(router)
    async with client(app) as http:
        assert (await http.get("/")).json() == 1
    assert events == ["open", "close", "attempted"] * 2


def test_depends_on_finds_dependencies_of_dependencies() -> None:
    async def deep() -> None: ...

    async def shallow(_deep: Annotated[None, Depends(deep)]) -> None: ...

    router = APIRouter()

    @router.get("/", dependencies=[Depends(shallow)])
    async def get() -> None: ...

    assert framework.depends_on(route_of(router), deep)
    assert not framework.depends_on(route_of(router), get)


async def test_a_handler_of_fastapi_runs_outside_of_its_application() -> None:
    router = APIRouter()

    @router.get("/{item}")
    async def get_item(item: int, _extra: Annotated[int, Depends(lambda: 1)]) -> Item:
        return Item(name=str(item))

    handler = framework.with_stacks(route_of(router).get_route_handler())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["path_params"] = {"item": "7"}
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    async with client(AsyncExitStackMiddleware(app)) as http:
        assert (await http.get("/7")).json() == {"name": "7"}
