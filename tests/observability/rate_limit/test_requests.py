"""The Redis round trips of a whole request, and requests without Redis."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.http.rate_limit.limits import RateLimits
from app.main import create_app
from app.settings.rate_limit import RateLimitSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.redis import RedisServer, running_redis


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="strata-redis-") as folder, running_redis(Path(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def settings(settings: Settings, server: RedisServer) -> Settings:
    return settings.with_groups(RedisSettings(url=SecretStr(server.url)))


@pytest.fixture
async def counted(test_app: TestApp) -> AsyncIterator[TestApp]:
    await test_app.runtime.get(RateLimits).open()
    yield test_app
    await test_app.runtime.get(RateLimits).close()


async def test_request_is_at_most_one_round_trip(counted: TestApp, server: RedisServer) -> None:
    ada = await counted.person("ada@example.com")
    paths = ["/api/v2/posts", "/api/v2/nowhere", "/api/v2/rate-limit"]
    paths += [url for dialect in DIALECTS.values() for url in (dialect.me, dialect.search)]
    callers = (ada.headers, {}, {"Authorization": "Bearer garbage"})
    async with counted.client() as client:
        for headers in callers:
            await client.get("/api/v2/posts", headers=headers)
        with server.client() as control, server.client() as listener, listener.monitor() as monitor:
            control.echo("start")
            for path in paths:
                for headers in callers:
                    await client.get(path, headers=headers)
            for path in ("/health", "/", "/metrics"):
                assert (await client.get(path)).status_code == 200
            control.echo("end")
            seen = []
            while "end" not in (command := monitor.next_command())["command"]:
                if command["client_type"] != "lua":
                    seen.append(command["command"].split()[0])
    assert seen[seen.index("ECHO") + 1 :] == ["EVALSHA"] * (len(paths) * len(callers))


async def test_requests_are_served_while_redis_is_down(counted: TestApp, server: RedisServer) -> None:
    async with counted.client() as client:
        assert (await client.get("/health/ready")).json() == {
            "status": "ok",
            "dependencies": {"database": "ok", "redis": "ok"},
        }
        server.kill()
        response = await client.get("/api/v2/rate-limit")
        assert (response.status_code, response.headers["RateLimit"].startswith('"burst";r=')) == (200, True)
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["dependencies"] == {"database": "ok", "redis": "degraded"}
        server.start()


async def test_without_limits_responses_conform_to_the_contract(test_app: TestApp, settings: Settings) -> None:
    """The contract requires the headers on every response; no request is rejected."""
    limits = RateLimitSettings.model_validate({"enabled": False, "anonymous": {"burst": "1/day"}})
    open_settings = settings.with_groups(limits, RedisSettings())
    runtime = type(test_app.runtime).build(open_settings, test_app.runtime.database)
    async with TestApp(create_app(open_settings), runtime).client() as client:
        found = [await client.get("/api/v2/rate-limit") for _ in range(3)]
    assert [(response.status_code, response.headers["RateLimit"][:11]) for response in found] == [
        (200, '"burst";r=1')
    ] * 3
