"""What a version that ends, or rehearses its end, answers: over the real application, in each version's own words."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.access.service import ApiKeyService
from app.http.lifecycle import LifecycleComponent
from app.http.usage import UsageComponent
from app.kit.clock import utc_now
from app.lifecycle.background import LifecycleSync
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.service import LifecycleService
from app.lifecycle.version import VersionStatus, Window
from app.lifecycle.views import Consumer
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.registries import CURRENT, OLD, going_on, newest, older, served
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
    return older(old, "v902", *windows, retired=retired), newest(CURRENT, "v902")


def detail_of(response: httpx2.Response) -> str:
    body: dict[str, Any] = response.json()
    if response.headers["Content-Type"] == "application/json":
        assert list(body) == ["detail"]
        return str(body["detail"])
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == 410
    assert body["code"] in {"version_retired", "version_browned_out", "key_browned_out"}
    return str(body["detail"])


@pytest.fixture(autouse=True)
def old_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """The versions of applications that a test creates, unless it declares others."""
    served(monkeypatch, OLD, CURRENT)


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that is reached is a defect."""

    async def reached(*_arguments: object, **_more: object) -> None:
        pytest.fail("a router ran")

    monkeypatch.setattr("app.http.routing.strict.admit", reached)


@pytest.mark.parametrize("old", VERSIONS, ids=lambda version: version.name)
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
            told = detail_of(answer)
            assert answer.json().get("code", "version_retired") == "version_retired"
            assert f"{old.name} ended on" in told
            assert f"/api/{successor.name}" in told
            assert retired.migration_guide is not None
            assert retired.migration_guide in told
            assert answer.headers["API-Version"] == old.name
            assert 'rel="successor-version"' in answer.headers["Link"]
            assert "Retry-After" not in answer.headers
        problem = (await client.get("/problems/version_retired")).text
        assert "has ended" in problem
        for path in ("/docs", "/redoc", "/openapi.json", "/asyncapi.json"):
            assert (await client.get(f"{retired.prefix}{path}")).status_code == 200
            assert (await client.get(f"{retired.prefix}{path}/none")).status_code == 410, (
                "only the documents themselves"
            )
        document = (await client.get(f"{retired.prefix}/openapi.json")).json()
        assert document["info"]["x-status"] == "retired"
        assert "It has ended." in document["info"]["description"]
        listed = {entry["name"]: entry for entry in (await client.get("/api")).json()["versions"]}
        assert listed[old.name]["status"] == "retired"
        assert listed[old.name]["retired_at"]
        assert "ended on" in (await client.get("/")).text


@pytest.mark.parametrize("old", VERSIONS, ids=lambda version: version.name)
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
        assert f"{window.ends_at:%Y-%m-%dT%H:%M:%SZ}" in detail_of(answer)
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
        assert answer.json().get("code", "version_browned_out") == "version_browned_out"
        limit = {"X-RateLimit-Limit", "RateLimit"}
        assert any(name in answer.headers for name in limit)
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
    deprecated, successor = pair(OLD, over, coming)
    served(monkeypatch, deprecated, successor)
    async with plain(anew(test_app, settings)) as client:
        assert (await client.get("/api/v901/posts")).status_code == 200
        (listed, _) = (await client.get("/api")).json()["versions"]
        assert (listed["status"], len(listed["brownouts"])) == ("brownout", 1)


async def test_the_contract_of_a_deprecated_version_declares_the_410(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deprecated, successor = pair(CURRENT)
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
        assert (await client.get("/api/v901/posts")).status_code == 200
        assert (await client.get("/api/v901/openapi.json")).json()["info"]["x-status"] == "deprecated"
        await decide(test_app, lambda service: service.schedule(OLD, window))
        answer = await client.get("/api/v901/posts")
        assert answer.status_code == 410
        assert int(answer.headers["Retry-After"]) <= 3600
        assert "does not answer until" in answer.json()["detail"]
        info = (await client.get("/api/v901/openapi.json")).json()["info"]
        assert info["x-status"] == "brownout"
        assert info["description"].startswith("**This version is in brownout.** It ends on ")
        assert (await client.get("/api/v2/posts")).status_code == 200
        for path in (*ALIVE, "/api/v901", "/api/v901/docs"):
            assert (await client.get(path)).status_code == 200, path
        await decide(test_app, lambda service: service.cancel(OLD, window))
        assert (await client.get("/api/v901/posts")).status_code == 200
        (old, _) = (await client.get("/api")).json()["versions"]
        assert (old["status"], old["brownouts"]) == ("brownout", []), "its brownouts have begun"


@pytest.mark.usefixtures("nothing_runs")
async def test_a_retirement_by_command(test_app: TestApp) -> None:
    async with test_app.runtime.database.write() as session:
        await LifecycleService(session).retire(OLD, RetirementPolicy(), utc_now() + timedelta(days=3650))
    test_app.runtime.get(LifecycleComponent).schedule.replace({}, {"v901": utc_now() - timedelta(days=1)})
    async with test_app.client() as client:
        answer = await client.get("/api/v901/posts")
        assert answer.status_code == 410
        assert "v901 ended on" in answer.json()["detail"]
        info = (await client.get("/api/v901/openapi.json")).json()["info"]
        assert info["x-status"] == "retired"
        assert info["description"].startswith("**This version is retired.** It has ended. ")


async def test_a_key_is_browned_out_early(test_app: TestApp) -> None:
    ada, eve = await test_app.person("ada@example.com"), await test_app.person("eve@example.com")
    async with test_app.runtime.database.write() as session:
        uids = {key.hint: key.uid for key, _ in await ApiKeyService(session).list_all()}
        (uid,) = [uid for hint, uid in uids.items() if ada.key.startswith(hint)]
        await ApiKeyService(session).set_early_brownout(uid, utc_now() + timedelta(minutes=10))
    async with test_app.client(ada.headers) as client:
        for path in ("/api/v901/posts", "/api/v901/me"):
            answer = await client.get(path)
            assert answer.status_code == 410
            assert "By its owner's wish" in answer.json()["detail"]
            assert 500 < int(answer.headers["Retry-After"]) <= 600
        assert (await client.get("/api/v2/me")).status_code == 200
        assert (await client.get("/api")).status_code == 200
        assert "owner of this API key" in (await client.get("/problems/key_browned_out")).text
    async with test_app.client(eve.headers) as client:
        assert (await client.get("/api/v901/me")).status_code == 200
    async with test_app.runtime.database.write() as session:
        await ApiKeyService(session).set_early_brownout(uid, utc_now() - timedelta(seconds=1))
    async with test_app.client(ada.headers) as client:
        assert (await client.get("/api/v901/me")).status_code == 200


async def consumers(test_app: TestApp, version: ApiVersion) -> list[Consumer]:
    await test_app.runtime.get(UsageComponent).flush()
    async with test_app.runtime.database.write() as session:
        return list((await LifecycleService(session).report(version, RetirementPolicy())).consumers)


async def test_who_uses_a_deprecated_version_is_recorded(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        for _ in range(3):
            await client.get("/api/v901/posts")
        await client.get("/api/v901/posts/999")
        await client.get("/api/v901/nowhere")
        await client.delete("/api/v901/posts")
        await client.get("/api/v901/openapi.json")
        await client.get("/api/v2/posts")
    async with test_app.client() as client:
        await client.get("/api/v901/posts")
        assert (await client.get("/api/v901/me")).status_code == 401
    found = {one.account: one for one in await consumers(test_app, OLD)}
    assert {name: use.requests for name, use in found["ada@example.com"].operations.items()} == {
        "posts.list": 3,
        "posts.get": 1,
    }
    assert {name: use.requests for name, use in found[None].operations.items()} == {"posts.list": 1}
    assert await consumers(test_app, CURRENT) == [], "what is here to stay is not watched"


async def test_a_browned_out_request_is_no_use(test_app: TestApp) -> None:
    test_app.runtime.get(LifecycleComponent).schedule.replace({"v901": [going_on(utc_now())]}, {})
    async with test_app.client() as client:
        assert (await client.get("/api/v901/posts")).status_code == 410
    assert await consumers(test_app, OLD) == []


async def test_a_preview_says_that_it_may_change(
    test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = CURRENT
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
