"""A route is known by its full template, whichever version it is of: metrics and traces are told apart by it."""

import re

import pytest

from tests.support.app import TestApp
from tests.support.operations import ALL, VERSIONS, Operation

UNKNOWN = (
    *("/nothing", "/api/v901/posts"),
    *(f"/api/{version}/{path}" for version in VERSIONS for path in ("nothing", "posts/1/2/3", "posts/")),
)


def routes_of(exposition: str) -> set[str]:
    return set(re.findall(r'http_server_request_duration_seconds_count\{[^}]*http_route="([^"]*)"', exposition))


async def test_every_operation_is_counted_under_its_template(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for operation in ALL:
            await client.request(operation.method, operation.url())
        counted = routes_of((await client.get("/metrics")).text)
    assert {operation.template for operation in ALL} <= counted
    assert {f"/api/{version}/posts/{{post_id}}" for version in VERSIONS} <= counted


@pytest.mark.parametrize("path", UNKNOWN)
async def test_an_unknown_path_is_unmatched(test_app: TestApp, path: str) -> None:
    async with test_app.client() as client:
        assert (await client.get(path)).status_code == 404
        counted = routes_of((await client.get("/metrics")).text)
    assert counted == {"unmatched"}


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: f"{operation.version}-{operation.name}")
async def test_another_method_is_refused_with_those_there_are(test_app: TestApp, operation: Operation) -> None:
    declared = {other.method for other in ALL if other.template == operation.template}
    async with test_app.client() as client:
        response = await client.request("TRACE", operation.url())
    allowed = set(response.headers["Allow"].split(", "))
    assert response.status_code == 405
    assert allowed == declared | ({"HEAD"} if "GET" in declared else set())


async def test_head_is_get_without_the_body(test_app: TestApp) -> None:
    async with test_app.client() as client:
        whole = await client.get("/api/v2/posts")
        head = await client.head("/api/v2/posts")
        counted = (await client.get("/metrics")).text
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(whole.content))
    assert re.search(r'_count\{[^}]*http_request_method="HEAD"[^}]*\}', counted), "metrics tell what was asked"


async def test_a_resource_of_its_own_is_no_id(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for version in VERSIONS:
            assert (await client.get(f"/api/{version}/posts/batch")).headers["Allow"] == "POST"
