"""A compiled read responds exactly as FastAPI's own handler of the same route does."""

import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, request_response
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.principal import Role
from app.http.routing import strict
from app.main import create_app
from app.settings.root import Settings
from observability.framework import read_plan
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.identities import link
from tests.support.operations import ALL, Operation, query_example
from tests.support.wire import WIRE
from versions.kit.trusted import trusted
from versions.kit.typeid import encode

STREAMS = {"streams.open", "jobs.stream"}
"""Their messages come at any time and have random delays. They are not compiled."""
READS = [
    one
    for one in ALL
    if one.method == "GET" and not DIALECTS[one.version].has_effects(one.name) and one.name not in STREAMS
]
VALUES = ("", " ", "1", "-1", "0", "1_0", "x", "%00", "%ff", "a" * 600, "1e400", "id,title", "author", "draft")
PER_REQUEST = {
    *("date", "server-timing", "traceresponse", "x-request-id"),
    *("ratelimit", "retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"),
}
WITHOUT_OBJECTS = {
    "sessions.get",
    "api_keys.get",
    "accounts.get",
    "accounts.list_entries",
    "events.get",
    "transfers.get",
    "holds.get",
    "files.get",
    "files.get_content",
    "jobs.get",
    "jobs.list_problems",
    "webhook_endpoints.get",
    "deliveries.list",
    "deliveries.get",
    "tasks.status",
}
"""The requests name none of these objects."""
VISITS = {"auth.provider", "auth.provider_callback", "providers.authorize", "providers.callback"}
"""Reads that begin or end a visit to a provider. They respond with redirects or rejections, and are not compiled."""
COUNTERS = re.compile(r'("(?:remaining|reset|resets_in|reset_after)":) ?\d+')


DECLARED: ContextVar[bool] = ContextVar("declared", default=False)


def compiled_routes(app: Starlette) -> Iterator[tuple[str, APIRoute]]:
    """The compiled routes of every version, with the prefix of the version."""
    for mount in app.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, FastAPI):
            for route in mount.app.routes:
                if isinstance(route, APIRoute) and read_plan(route) is not None:
                    yield mount.path, route


def by_request(compiled: ASGIApp, route: APIRoute) -> ASGIApp:
    """The compiled handler, or FastAPI's own while ``DECLARED`` is set."""

    @cache
    def declared() -> ASGIApp:
        with patch.object(strict, "read_plan", lambda _route: None):
            return request_response(route.get_route_handler())

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (declared() if DECLARED.get() else compiled)(scope, receive, send)

    return serve


@pytest.fixture
def declared_app(test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> TestApp:
    """The same application with FastAPI's handlers, and with models that pydantic has validated.

    Applications share their routes, which are compiled when their module is imported: each request chooses the handler.
    """
    for _, route in compiled_routes(create_app(settings)):
        monkeypatch.setattr(route, "app", by_request(route.app, route))

    def build(model: type[BaseModel], members: dict[str, Any]) -> BaseModel:
        return model.model_validate(members) if DECLARED.get() else trusted(model, members)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        token = DECLARED.set(True)
        await test_app.app(scope, receive, send)
        DECLARED.reset(token)

    for name, module in list(sys.modules.items()):
        if name.startswith("versions.") and vars(module).get("trusted") is trusted:
            monkeypatch.setattr(module, "trusted", build)
    return TestApp(serve, test_app.runtime)


def queries(operation: Operation) -> Iterator[str]:
    """Each parameter with its example, each with odd values, once and repeated; and an unknown one."""
    yield ""
    yield "unknown=1"
    for parameter in operation.parameters("query"):
        name = parameter["name"]
        valid = quote(query_example(parameter, operation.version))
        yield f"{name}={valid}"
        yield f"{name}={valid}&{name}={valid}"
        yield from (f"{name}={value}" for value in VALUES)


def paths(operation: Operation, ids: dict[str, Any]) -> Iterator[str]:
    if operation.parameters("path"):
        (parameter,) = operation.parameters("path")
        yield operation.url(**ids)
        yield from (operation.url(**{parameter["name"]: value}) for value in VALUES if value)
        return
    yield operation.url()


def comparable(response: httpx2.Response) -> tuple[int, list[tuple[str, str]], str]:
    """Status, headers and body without what differs between any two requests."""
    text = response.text
    for name in ("x-request-id", "traceresponse"):
        for part in response.headers.get(name, "").split("-"):
            if len(part) > 8:
                text = text.replace(part, "…")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in PER_REQUEST]
    return response.status_code, sorted(headers), COUNTERS.sub(r"\1 …", text)


@pytest.mark.parametrize("operation", READS, ids=[f"{one.version} {one.name}" for one in READS])
async def test_a_compiled_read_equals_the_declared_one(
    test_app: TestApp, declared_app: TestApp, operation: Operation
) -> None:
    author = await test_app.person("ada@example.com", Role.ADMIN)
    async with test_app.client(author.headers) as client:
        created = await client.post("/api/v2/posts", json={"title": "Layers", "content": "c", "status": "published"})
    identity = await link(test_app, author.user)
    ids = DIALECTS[operation.version].path_ids(created.json(), author) | {"identity_id": encode("idn", identity.uid)}
    targets = [
        f"{path}?{query}"
        for path in paths(operation, ids)
        for query in (queries(operation) if path == operation.url(**ids) else ("",))
    ]
    statuses = set()
    session = await test_app.session(author)
    for headers in (author.headers, session, {}, {"X-API-Key": "sk_test_wrong"}):
        for target in targets:
            responses = []
            for app in (test_app, declared_app):
                transport = httpx2.ASGITransport(app=app.app, raise_app_exceptions=False)
                async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as client:
                    responses.append(comparable(await client.get(target, headers=headers)))
            assert responses[0] == responses[1], target
            statuses.add(responses[0][0])
    assert 200 in statuses or operation.name in WITHOUT_OBJECTS | VISITS, "the comparison includes a success"


def test_reads_are_compiled(settings: Settings) -> None:
    """The rest of the reads opens a transaction or takes headers."""
    compiled = {f"{prefix[5:]} {route.operation_id}" for prefix, route in compiled_routes(create_app(settings))}
    assert {name.partition(" ")[2] for name in compiled}.isdisjoint(VISITS | STREAMS), "each would need a comparison"
    assert compiled >= {f"{version} posts.list" for version in DIALECTS}
    assert compiled >= {f"{WIRE} {name}" for name in ("posts.get", "posts.search", "me.get")}
