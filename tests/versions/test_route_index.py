"""The index finds what the router would find, in time that does not grow with the number of routes."""

import timeit

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import Message, Scope

from tests.support.app import TestApp
from tests.support.operations import VERSIONS
from versions.kit.routing import RouteTree, index_routes, mounted


async def answer(request: Request) -> Response:
    return PlainTextResponse(f"{request.scope['route'].path} {dict(request.path_params)}")


def scope(path: str, method: str = "GET", root_path: str = "") -> Scope:
    return {"type": "http", "method": method, "path": root_path + path, "root_path": root_path, "headers": []}


async def asked(router: Router, path: str, method: str = "GET", root_path: str = "") -> str:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await router(scope(path, method, root_path), receive, send)
    body: bytes = sent[-1].get("body", b"")
    return body.decode()


def indexed(*paths: str) -> Router:
    router = Router([Route(path, answer) for path in paths], redirect_slashes=False)
    index_routes(router)
    return router


@pytest.mark.parametrize("root_path", ["", "/api/v2"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/posts", "/posts {}"),
        ("/posts/batch", "/posts/batch {}"),
        ("/posts/7", "/posts/{post_id} {'post_id': '7'}"),
        ("/posts/batch/views", "/posts/{post_id}/views {'post_id': 'batch'}"),
        ("/posts/", "Not Found"),
        ("/posts//views", "Not Found"),
        ("/files/a/b", "/files/{rest:path} {'rest': 'a/b'}"),
        ("/v901.json", "/{name}.json {'name': 'v901'}"),
        ("/nothing/at/all", "Not Found"),
    ],
)
async def test_the_template_that_fits_best_wins(path: str, expected: str, root_path: str) -> None:
    paths = (
        "/posts/{post_id}",
        "/posts",
        "/posts/batch",
        "/posts/{post_id}/views",
        "/files/{rest:path}",
        "/{name}.json",
    )
    assert await asked(indexed(*paths), path, root_path=root_path) == expected


async def test_mounts_are_left_to_the_router() -> None:
    router = Router([Mount("/inner", Router([Route("/a", answer)])), Route("/b", answer)])
    index_routes(router)
    assert await asked(router, "/b") == "/b {}"
    assert (await asked(router, "/inner/a")).endswith("{}")


async def test_a_line_break_leads_out_of_no_version(test_app: TestApp) -> None:
    """Whatever a path holds, the version that it is below answers, in its own envelope and with its own headers."""
    root = Router([mounted("/api/v2", Router([Route("/posts/{post_id}", answer)]))])
    assert await asked(root, "/api/v2/posts/a\nb") == "/posts/{post_id} {'post_id': 'a\\nb'}"
    async with test_app.client() as client:
        for version in VERSIONS:
            missing = await client.get(f"/api/{version}/users/a%0Ab/c")
            assert (missing.status_code, missing.headers["API-Version"]) == (404, version)


def test_the_last_of_many_routes_costs_what_the_first_of_few_does() -> None:
    """As a ratio within one run. A router alone takes some sixty times as long for it."""

    def seconds(count: int, wanted: int) -> float:
        routes = [Route(f"/resource{number}/{{item_id}}", answer) for number in range(count)]
        index = RouteTree(routes)
        path = f"/resource{wanted}/7"
        assert index.find(path) == [routes[wanted]]
        return min(timeit.repeat(lambda: index.find(path), number=2000, repeat=7))

    assert seconds(300, 299) < 2 * seconds(10, 0)
