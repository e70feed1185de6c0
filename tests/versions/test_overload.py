"""What happens to the request that is one too many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from unittest.mock import patch

import httpx2
import pytest
from prometheus_client import generate_latest
from sqlalchemy import text
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from app.http.middleware import shed_requests
from app.http.middleware.load_shedding import Capacity, LoadSheddingMiddleware, Overloaded
from app.http.middleware.metrics import LoadSheddingMetrics
from app.http.middleware.shed_requests import ShedRequests
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.root import Settings
from observability.metrics.metrics import Metrics
from observability.requests.middleware import RequestContextMiddleware
from tests.support.app import TestApp, WithState
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.waiting import eventually
from versions import registry
from versions.kit.middleware.version import VersionMiddleware
from versions.kit.version import ApiVersion

LIMIT = 3
VARYING = {"traceresponse", "server-timing"}


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    http = settings[HttpSettings].model_copy(update={"max_concurrent_requests": LIMIT})
    return settings.with_groups(http)


@pytest.fixture
async def held(
    concurrent_app: TestApp, client: httpx2.AsyncClient
) -> AsyncIterator[list["asyncio.Task[httpx2.Response]"]]:
    """As many requests as may be, of both versions, that wait for a table that somebody has locked."""
    async with concurrent_app.runtime.database.write() as session:
        await session.execute(text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"))
        tasks = [
            asyncio.create_task(client.get(f"/api/{VERSIONS[number % len(VERSIONS)]}/posts")) for number in range(LIMIT)
        ]
        while concurrent_app.runtime.get(Capacity).in_use < LIMIT:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
        yield tasks
    assert [answer.status_code for answer in await asyncio.gather(*tasks)] == [200] * LIMIT


@pytest.fixture
async def client(concurrent_app: TestApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with concurrent_app.client() as client, last_line_written(concurrent_app):
        yield client


@pytest.fixture
async def rejecting_app(test_app: TestApp) -> AsyncIterator[TestApp]:
    async with last_line_written(test_app):
        yield test_app


def last_line_written(app: TestApp) -> AbstractAsyncContextManager[None]:
    """Otherwise the line about the last second would be one of the next test."""
    return app.runtime.get(ShedRequests).running()


@pytest.mark.parametrize("version", VERSIONS)
async def test_one_too_many_is_sent_away_at_once_with_a_time_to_return(
    concurrent_app: TestApp, client: httpx2.AsyncClient, held: list["asyncio.Task[httpx2.Response]"], version: str
) -> None:
    answers = [await client.get(f"/api/{version}/posts/1", headers={"X-API-Key": "sk_live_x"}) for _ in range(5)]
    answer = answers[0]
    assert {(one.status_code, one.headers["API-Version"]) for one in answers} == {(503, version)}
    assert all(1 <= int(one.headers["Retry-After"]) <= 3 for one in answers)
    document = answer.json()
    if DIALECTS[version].has_codes:
        assert document["code"] == "overloaded"
        assert document["type"].endswith("#temporary-reduced-capacity")
    else:
        assert set(document) == {"detail"}
    assert not [name for name in answer.headers if "ratelimit" in name], "nothing was charged, and no quota read"
    assert not any(task.done() for task in held), "those that were let in are still being answered"
    assert (await client.get("/health")).status_code == 200, "who watches is not sent away"
    told = generate_latest(concurrent_app.runtime.metrics.registry).decode()
    assert f'http_server_shed_requests_total{{api_version="{version}"}} 5.0' in told


class Layers:
    """The layers of one version that render its errors, around an application that raises ``Overloaded``."""

    def __init__(self, version: ApiVersion) -> None:
        app = version.build(version, HttpSettings())
        (layer,) = (layer for layer in app.user_middleware if layer.cls is VersionMiddleware)
        inner = VersionMiddleware(self._raise, **layer.kwargs)
        self.rendered = RequestContextMiddleware(inner, mounts={version.prefix: version.name})
        self.prepared: ASGIApp = app.state.admission.reject

    async def _raise(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise Overloaded(retry_after=Overloaded.seconds)


IDS = {"x-request-id": "ours-7", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}


@pytest.mark.parametrize("path", ["/posts", "/posts/%e2%82%ac%22%25s", "/auth/token", "/tokens"])
@pytest.mark.parametrize("version", registry.VERSIONS, ids=lambda version: version.name)
async def test_the_prepared_response_is_the_rendered_one(
    rejecting_app: TestApp, monkeypatch: pytest.MonkeyPatch, version: ApiVersion, path: str
) -> None:
    """Byte for byte, but for the id of the span. Each has a jitter of its own, which is fixed here."""
    layers, found = Layers(version), []
    monkeypatch.setattr("app.http.errors.failures.with_jitter", lambda *seconds: 1000 + sum(seconds))
    for app in (layers.rendered, layers.prepared):
        transport = httpx2.ASGITransport(app=WithState(app, rejecting_app.runtime.state()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.post(f"{version.prefix}{path}", headers=IDS)
        headers = {name: value for name, value in response.headers.items() if name not in VARYING}
        assert response.headers["traceresponse"].split("-")[1] == "a" * 32
        found.append((response.status_code, response.content, headers))
    assert found[0] == found[1]
    assert found[0][2]["x-request-id"] == "ours-7"
    assert found[0][2]["retry-after"] == "1003"


@pytest.mark.parametrize("version", registry.VERSIONS, ids=lambda version: version.name)
async def test_a_browser_that_opens_its_stream_again_waits(rejecting_app: TestApp, version: ApiVersion) -> None:
    transport = httpx2.ASGITransport(app=WithState(Layers(version).prepared, rejecting_app.runtime.state()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        again = {"Last-Event-ID": "7", "Accept": "text/event-stream"}
        response = await client.get(f"{version.prefix}/stream", headers=again)
        assert (response.status_code, response.headers["API-Version"]) == (200, version.name)
        assert response.text.startswith("retry: ")
        for first in ({"Last-Event-ID": "7"}, {"Accept": "text/event-stream"}):
            assert (await client.get(f"{version.prefix}/stream", headers=first)).status_code == 503


async def test_scripts_of_allowed_origins_read_a_rejection(concurrent_app: TestApp) -> None:
    origin = "https://pages.example"
    settings = concurrent_app.runtime.settings
    http = settings[HttpSettings].model_copy(update={"cors_origins": [origin]})
    root = create_app(settings.with_groups(http))
    assert root.user_middleware[0].cls is LoadSheddingMiddleware, "no layer logs, traces or charges a rejection"
    app = TestApp(root, concurrent_app.runtime)
    transport = httpx2.ASGITransport(app=app.app)
    with patch.object(app.runtime.get(Capacity), "limit", 0), capture_logs() as logs:
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            for name in VERSIONS:
                rejected = await client.get(f"/api/{name}/posts", headers={"Origin": origin})
                assert rejected.status_code == 503
                assert rejected.headers["Access-Control-Allow-Origin"] == origin
                assert "Retry-After" in rejected.headers["Access-Control-Expose-Headers"]
                stranger = await client.get(f"/api/{name}/posts", headers={"Origin": "https://other.example"})
                assert "Access-Control-Allow-Origin" not in stranger.headers
                preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
                assert (await client.options(f"/api/{name}/posts", headers=preflight)).status_code == 200
        async with last_line_written(app):
            pass
    assert [line["requests"] for line in logs] == [2 * len(VERSIONS)], "a preflight is not rejected"


async def test_a_line_counts_the_requests_of_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for each would cost more than the response."""
    monkeypatch.setattr(shed_requests, "_SECONDS", 0.05)
    shed = ShedRequests(Metrics().group(LoadSheddingMetrics))
    with capture_logs() as logs:
        for lines, names in ((1, "aba"), (2, "b")):
            for name in names:
                shed.count(name)
            assert len(logs) == lines - 1

            async def written(lines: int = lines) -> bool:
                return len(logs) == lines

            await eventually(written)
    assert logs == [
        {"event": "requests_shed", "log_level": "warning", "requests": 3, "by_version": {"a": 2, "b": 1}},
        {"event": "requests_shed", "log_level": "warning", "requests": 1, "by_version": {"b": 1}},
    ]


async def test_the_last_line_is_written_at_the_end() -> None:
    shed = ShedRequests(Metrics().group(LoadSheddingMetrics))
    with capture_logs() as logs:
        async with shed.running():
            shed.count("a")
        assert [line["requests"] for line in logs] == [1]


async def test_there_is_room_again_when_one_is_done(concurrent_app: TestApp, client: httpx2.AsyncClient) -> None:
    for _ in range(3 * LIMIT):
        assert (await client.get("/api/v2/posts")).status_code == 200
        assert (await client.get("/api/v2/posts/post_01jwxq7c8gfq8sh1tbp9xqk3ma")).status_code == 404
    assert concurrent_app.runtime.get(Capacity).in_use == 0
