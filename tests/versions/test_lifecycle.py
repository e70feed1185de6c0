"""What a version that ends, or rehearses its end, answers: over the real application, in each version's own words."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.access.service import ApiKeyService
from app.cli.kit.environment import operator
from app.http.lifecycle import LifecycleComponent
from app.kit.clock import utc_now
from app.lifecycle.background import LifecycleSync
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.errors import LifecycleError
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import VersionStatus, Window
from app.lifecycle.views import Consumer
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.registries import V1, V2, going_on, newest, older, served
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

ALIVE = ("/health", "/health/ready", "/api", "/", "/docs", "/policies/versions", "/.well-known/api-catalog")


def anew(test_app: TestApp, settings: Settings) -> TestApp:
    """An application of the registry as it is patched now, over the same database."""
    return TestApp(create_app(settings), test_app.runtime)


def plain(test_app: TestApp, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
    """A client that knows no contract: ours say nothing of lives that are not ours."""
    transport = httpx2.ASGITransport(app=test_app.app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://strata.test", headers=headers)


def pair(old: ApiVersion, *windows: Window, retired: bool = False) -> tuple[ApiVersion, ApiVersion]:
    """A version on its way out, and its successor."""
    successor = {"v1": "v2", "v2": "v3"}[old.name]
    return older(old, successor, *windows, retired=retired), newest(V2, successor)


def detail_of(name: str, response: httpx2.Response) -> str:
    body: dict[str, Any] = response.json()
    if name == "v1":
        assert list(body) == ["detail"]
        assert response.headers["Content-Type"] == "application/json"
        return str(body["detail"])
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == 410
    return str(body["detail"])


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that is reached is a defect."""

    async def reached(*_arguments: object, **_more: object) -> None:
        pytest.fail("a router ran")

    monkeypatch.setattr("app.http.routing.strict.admit", reached)


@pytest.mark.parametrize("old", [V1, V2], ids=lambda version: version.name)
@pytest.mark.usefixtures("nothing_runs")
async def test_a_retired_version_says_where_to_go(
    test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch, old: ApiVersion
) -> None:
    retired, successor = pair(old, retired=True)
    served(monkeypatch, retired, successor)
    ada = await test_app.person("ada@example.com")
    ended = anew(test_app, settings)
    async with plain(ended, ada.headers) as client:
        for method, path in (("GET", "/posts"), ("POST", "/posts"), ("GET", "/nowhere"), ("DELETE", "/posts/1")):
            answer = await client.request(method, f"{retired.prefix}{path}")
            assert answer.status_code == 410
            told = detail_of(old.name, answer)
            assert f"{old.name} ended on" in told
            assert f"/api/{successor.name}" in told
            assert retired.migration_guide is not None
            assert retired.migration_guide in told
            assert answer.headers["API-Version"] == old.name
            assert 'rel="successor-version"' in answer.headers["Link"]
            assert "Retry-After" not in answer.headers
            assert old.name == "v1" or answer.json()["code"] == "version_retired"
        problem = (await client.get("/problems/version_retired")).text
        assert "has ended" in problem
        assert (await client.get(f"{retired.prefix}/docs")).status_code == 200
        document = (await client.get(f"{retired.prefix}/openapi.json")).json()
        assert document["info"]["x-status"] == "retired"
        assert "It has ended." in document["info"]["description"]
        listed = {entry["name"]: entry for entry in (await client.get("/api")).json()["versions"]}
        assert listed[old.name]["status"] == "retired"
        assert listed[old.name]["retired_at"]
        assert "ended on" in (await client.get("/")).text


@pytest.mark.parametrize("old", [V1, V2], ids=lambda version: version.name)
@pytest.mark.usefixtures("nothing_runs")
async def test_a_declared_brownout_says_until_when(
    test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch, old: ApiVersion
) -> None:
    window = going_on(utc_now())
    deprecated, successor = pair(old, window)
    served(monkeypatch, deprecated, successor)
    async with plain(anew(test_app, settings)) as client:
        answer = await client.get(f"{deprecated.prefix}/posts")
        assert answer.status_code == 410
        assert f"{window.ends_at:%Y-%m-%dT%H:%M:%SZ}" in detail_of(old.name, answer)
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
        assert old.name == "v1" or answer.json()["code"] == "version_browned_out"
        limit = "X-RateLimit-Limit" if old.name == "v1" else "RateLimit"
        assert limit in answer.headers
        (listed,) = [one for one in (await client.get("/api")).json()["versions"] if one["name"] == old.name]
        assert listed["status"] == "brownout"
        assert [brownout["until"] for brownout in listed["brownouts"]] == [
            window.ends_at.isoformat().replace("+00:00", "Z")
        ]
        for path in (*ALIVE, deprecated.prefix, f"{deprecated.prefix}/docs", f"{deprecated.prefix}/openapi.json"):
            assert (await client.get(path)).status_code == 200, path
        assert "to rehearse its end" in (await client.get("/")).text


async def test_between_its_windows_a_version_answers(
    test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    over = Window(now - timedelta(hours=3), now - timedelta(hours=2))
    coming = Window(now + timedelta(hours=2), now + timedelta(hours=3))
    deprecated, successor = pair(V1, over, coming)
    served(monkeypatch, deprecated, successor)
    async with plain(anew(test_app, settings)) as client:
        assert (await client.get("/api/v1/posts")).status_code == 200
        (listed, _) = (await client.get("/api")).json()["versions"]
        assert (listed["status"], len(listed["brownouts"])) == ("brownout", 1)


async def test_the_contract_of_a_deprecated_version_declares_the_410(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deprecated, successor = pair(V2)
    served(monkeypatch, deprecated, successor)
    document = deprecated.build(deprecated, settings[HttpSettings]).openapi()
    current = successor.build(successor, settings[HttpSettings]).openapi()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["deprecated"] is True
            gone = operation["responses"]["410"]
            assert gone["content"] == operation["responses"]["405"]["content"]
            assert "Retry-After" in gone["headers"]
            assert "410" not in current["paths"][path][method]["responses"]


def test_an_application_of_an_impossible_registry_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, replace(V1, successor="v9"), V2)
    with pytest.raises(LifecycleError, match="successor v9 does not exist"):
        create_app(settings)


def test_an_application_that_takes_a_promise_back_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert V1.sunset_at is not None
    monkeypatch.setattr("app.main.VERSIONS", (replace(V1, sunset_at=V1.sunset_at - timedelta(days=1)), V2))
    with pytest.raises(LifecycleError, match="never moved to an earlier day"):
        create_app(settings)


async def decide(test_app: TestApp, decision: Callable[[LifecycleService], Awaitable[object]]) -> None:
    """Decide as the command line does, and let this process look as it does every few seconds."""
    async with test_app.runtime.database.write() as session:
        await decision(LifecycleService(session))
    await LifecycleSync(
        test_app.runtime.get(LifecycleComponent).schedule, test_app.runtime.database, (), test_app.runtime.metrics
    ).refresh()


async def test_a_brownout_by_command(test_app: TestApp) -> None:
    window = going_on(utc_now())
    async with test_app.client() as client:
        assert (await client.get("/api/v1/posts")).status_code == 200
        await decide(test_app, lambda service: service.schedule(V1, window))
        answer = await client.get("/api/v1/posts")
        assert answer.status_code == 410
        assert int(answer.headers["Retry-After"]) <= 3600
        assert "does not answer until" in answer.json()["detail"]
        assert (await client.get("/api/v2/posts")).status_code == 200
        for path in (*ALIVE, "/api/v1", "/api/v1/docs"):
            assert (await client.get(path)).status_code == 200, path
        await decide(test_app, lambda service: service.cancel(V1, window))
        assert (await client.get("/api/v1/posts")).status_code == 200
        (v1, _) = (await client.get("/api")).json()["versions"]
        assert (v1["status"], v1["brownouts"]) == ("brownout", []), "its brownouts have begun"


@pytest.mark.usefixtures("nothing_runs")
async def test_a_retirement_by_command(test_app: TestApp) -> None:
    async with test_app.runtime.database.write() as session:
        await LifecycleService(session).retire(V1, RetirementPolicy(), utc_now() + timedelta(days=3650))
    test_app.runtime.get(LifecycleComponent).schedule.replace({}, {"v1": utc_now() - timedelta(days=1)})
    async with test_app.client() as client:
        answer = await client.get("/api/v1/posts")
        assert answer.status_code == 410
        assert "v1 ended on" in answer.json()["detail"]


async def test_a_key_is_browned_out_early(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    async with test_app.runtime.database.write() as session:
        uids = {key.hint: key.uid for key, _ in await ApiKeyService(session).list_all()}
        (uid,) = [uid for hint, uid in uids.items() if ada.key.startswith(hint)]
        await ApiKeyService(session).set_early_brownout(operator(), uid, utc_now() + timedelta(minutes=10))
    async with test_app.client(ada.headers) as client:
        for path in ("/api/v1/posts", "/api/v1/users/me"):
            answer = await client.get(path)
            assert answer.status_code == 410
            assert "By its owner's wish" in answer.json()["detail"]
            assert 500 < int(answer.headers["Retry-After"]) <= 600
        assert (await client.get("/api/v2/me")).status_code == 200
        assert (await client.get("/api")).status_code == 200
        assert "owner of this API key" in (await client.get("/problems/key_browned_out")).text
    async with test_app.client(eve.headers) as client:
        assert (await client.get("/api/v1/users/me")).status_code == 200
    async with test_app.runtime.database.write() as session:
        await ApiKeyService(session).set_early_brownout(operator(), uid, utc_now() - timedelta(seconds=1))
    async with test_app.client(ada.headers) as client:
        assert (await client.get("/api/v1/users/me")).status_code == 200


async def consumers(test_app: TestApp, version: ApiVersion) -> list[Consumer]:
    await test_app.runtime.get(LifecycleComponent).usage.flush(test_app.runtime.database)
    async with test_app.runtime.database.write() as session:
        return list((await LifecycleService(session).report(version, RetirementPolicy())).consumers)


async def test_who_uses_a_deprecated_version_is_recorded(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        for _ in range(3):
            await client.get("/api/v1/posts")
        await client.get("/api/v1/posts/999")
        await client.get("/api/v1/nowhere")
        await client.delete("/api/v1/posts")
        await client.get("/api/v1/openapi.json")
        await client.get("/api/v2/posts")
    async with test_app.client() as client:
        await client.get("/api/v1/posts")
        assert (await client.get("/api/v1/users/me")).status_code == 401
    found = {one.account: one for one in await consumers(test_app, V1)}
    assert {name: use.requests for name, use in found["ada@example.com"].operations.items()} == {
        "posts.list": 3,
        "posts.get": 1,
    }
    assert {name: use.requests for name, use in found[None].operations.items()} == {"posts.list": 1}
    assert await consumers(test_app, V2) == [], "what is here to stay is not watched"


async def test_a_browned_out_request_is_no_use(test_app: TestApp) -> None:
    test_app.runtime.get(LifecycleComponent).schedule.replace({"v1": [going_on(utc_now())]}, {})
    async with test_app.client() as client:
        assert (await client.get("/api/v1/posts")).status_code == 410
    assert await consumers(test_app, V1) == []


async def test_a_preview_says_that_it_may_change(
    test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = VERSIONS[-1]
    served(
        monkeypatch, *VERSIONS, replace(current, name="v901", status=VersionStatus.PREVIEW, released=utc_now().date())
    )
    async with plain(anew(test_app, settings)) as client:
        for path in ("/posts", "/nowhere"):
            response = await client.get(f"/api/v901{path}")
            assert (response.headers["API-Version"], response.headers["API-Status"]) == ("v901", "preview")
            assert "API-Status" not in (await client.get(f"{current.prefix}{path}")).headers
        document = (await client.get("/api/v901/openapi.json")).json()
        assert document["info"]["title"].endswith(" (preview)")
        assert "may change or end at any time" in document["info"]["description"]
        assert document["paths"]["/posts"]["get"]["responses"]["200"]["headers"]["API-Status"]
