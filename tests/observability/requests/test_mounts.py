"""A mounted application gets the scope that Starlette's router gives it."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from observability.requests.mounts import MountMiddleware


class Mounted(Starlette):
    """Records the scopes that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.scopes.append({**scope, "path_params": dict(scope["path_params"])})


def scope_of(path: str, **changes: Any) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "state": {}, **changes}


async def receive() -> Message:
    raise AssertionError


async def send(_message: Message) -> None:
    """The response."""


@pytest.mark.parametrize(
    "scope",
    [
        scope_of("/api/a/posts/1"),
        scope_of("/api/b/"),
        scope_of("/api/a/posts", type="websocket"),
        scope_of("/served/api/b/posts", root_path="/served"),
        scope_of("/served/api/b/posts", root_path="/served", app_root_path="/"),
        scope_of("/api/a/posts", path_params={"name": "x"}),
    ],
    ids=lambda scope: scope["path"],
)
async def test_the_scope_is_that_of_the_router(scope: dict[str, Any]) -> None:
    found, root = [], Starlette()
    first, second = Mounted(), Mounted()
    root.router.routes.extend((Mount("/api/a", first), Mount("/api/b", second)))
    given: Scope = {**scope}
    await MountMiddleware(root.router, router=root.router)(given, receive, send)
    await root.router({**scope}, receive, send)
    found = first.scopes + second.scopes
    assert len(found) == 2
    assert found[0] == found[1]
    assert given["root_path"] == found[0]["root_path"], "the layers outside read the route from the scope"


@pytest.mark.parametrize("path", ["/api/a", "/api/ab/posts", "/other", "/API/a/posts"])
async def test_other_paths_are_left_to_the_layers_inside(path: str) -> None:
    left: list[str] = []

    async def inside(scope: Scope, _receive: Receive, _send: Send) -> None:
        left.append(scope["path"])

    root, mounted = Starlette(), Mounted()
    root.router.routes.append(Mount("/api/a", mounted))
    await MountMiddleware(inside, router=root.router)(scope_of(path), receive, send)
    await MountMiddleware(inside, router=root.router)({"type": "lifespan", "path": "lifespan"}, receive, send)
    assert (left, mounted.scopes) == ([path, "lifespan"], [])
