"""A request that uses a deprecated part of a version gets its deprecation headers; other requests do not."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any

import http_sf
import httpx2
import pytest
from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field

from app.http.routing.strict import StrictRoute
from app.http.usage import UsageComponent
from app.lifecycle.commands import RetirementPolicy
from app.lifecycle.service import LifecycleService
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.root import Settings
from observability.rate_limit.headers import DRAFT_11
from tests.support.app import TestApp
from tests.support.registries import CURRENT, newest, served
from versions.kit.application import Resource, build_application
from versions.kit.operations import ANYONE, OPTIONAL, Deprecation
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS
from versions.v2.errors import operations, render

POSTS = "/api/v2/posts"
OLD_SINCE, OLD_SUNSET = date(2026, 9, 1), date(2027, 9, 1)


class Colour(BaseModel):
    name: str = Field(description="Its name.")
    code: int | None = Field(default=None, description="Its old code.", deprecated=True)


class Painting(BaseModel):
    title: str = Field(description="Its title.")
    frame: str | None = Field(default=None, description="Its frame.", deprecated=True)
    colours: list[Colour] = Field(default_factory=list, description="Its colours.")


things = APIRouter(prefix="/things", tags=["things"], route_class=StrictRoute)
SINCE = {"deprecation": Deprecation(OLD_SINCE, OLD_SUNSET)}


@things.get("/old", **operations.declare("things.old", security=OPTIONAL, needs=(), **SINCE))
async def old_thing(*, fails: Annotated[bool, Query(description="To fail.")] = False) -> str:
    """Do what is done otherwise now."""
    if fails:
        raise RuntimeError
    return "old"


@things.get("/params", **operations.declare("things.params", security=ANYONE, needs=()))
async def thing_of_parameters(
    colour: Annotated[str | None, Query(description="Old.", deprecated=True)] = None,
    shade: Annotated[str | None, Query(description="New.")] = None,
    x_colour: Annotated[str | None, Header(description="Old.", deprecated=True)] = None,
) -> list[str | None]:
    """Take parameters, old and new."""
    return [colour, shade, x_colour]


@things.post("/paint", **operations.declare("things.paint", security=ANYONE, needs=()))
async def paint(body: Painting) -> str:
    """Take a body with old members."""
    return body.title


def build(version: ApiVersion, settings: HttpSettings) -> Any:
    return build_application(
        version,
        settings,
        title="Things",
        description="Things.",
        resources=[Resource([{"name": "things", "description": "Things."}], [things])],
        render=render,
        dialect=DRAFT_11,
    )


@pytest.fixture
def galleries(test_app: TestApp, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> TestApp:
    """The real application, serving a version of which much is deprecated."""
    served(
        monkeypatch,
        ApiVersion(name="v902", status=CURRENT.status, released=newest(CURRENT, "v902").released, build=build),
    )
    return TestApp(create_app(settings), test_app.runtime)


def plain(test_app: TestApp) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=test_app.app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://strata.test/api/v902/things")


def told(answer: httpx2.Response) -> list[str]:
    """The tokens of the header, as its standard (RFC 9651) reads them."""
    value = answer.headers.get("API-Deprecated")
    return [] if value is None else [str(item[0]) for item in http_sf.parse(value.encode(), tltype="list")]


async def recorded(test_app: TestApp, version: ApiVersion) -> dict[str, int]:
    await test_app.runtime.get(UsageComponent).flush()
    async with test_app.runtime.database.write() as session:
        found = (await LifecycleService(session).report(version, RetirementPolicy())).consumers
    return {name: use.requests for one in found for name, use in one.features.items()}


async def test_a_request_for_a_deprecated_member_gets_its_headers(
    test_app: TestApp, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        made = (await client.post(POSTS, json={"title": "T", "content": "c"})).json()
        capsys.readouterr()
        silent = [
            await client.get(POSTS),
            await client.get(f"{POSTS}?fields=id,title"),
            await client.get(f"{POSTS}/{made['id']}"),
        ]
        used = [
            await client.get(f"{POSTS}?fields=v1_id,id"),
            await client.get(f"{POSTS}/{made['id']}?fields=v1_id"),
            await client.get(f"{POSTS}/{made['id']}?fields=v1_id&fields=id"),
        ]
    assert [told(answer) for answer in silent] == [[], [], []]
    assert [told(answer) for answer in used] == [["response:v1_id"]] * 3
    assert [answer.status_code for answer in (*silent, *used)] == [200] * 6
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line.get("deprecated") for line in requests] == [None] * 3 + [["response:v1_id"]] * 3
    assert await recorded(test_app, CURRENT) == {"posts.list response:v1_id": 1, "posts.get response:v1_id": 2}


async def test_deprecated_parameters(galleries: TestApp) -> None:
    async with plain(galleries) as client:
        assert told(await client.get("/params?shade=red")) == []
        assert told(await client.get("/params?colour=red")) == ["query:colour"]
        assert told(await client.get("/params", headers={"X-Colour": "red"})) == ["header:x-colour"]


async def test_deprecated_members_of_a_body(galleries: TestApp) -> None:
    async with plain(galleries) as client:
        new = {"title": "T", "colours": [{"name": "red"}]}
        assert told(await client.post("/paint", json=new)) == []
        assert told(await client.post("/paint", json=new | {"frame": "gold"})) == ["request:/frame"]
        nested = {"title": "T", "colours": [{"name": "red"}, {"name": "blue", "code": 3}]}
        assert told(await client.post("/paint", json=nested)) == ["request:/colours/*/code"]
        refused = await client.post("/paint", json={"frame": "gold"})
        assert (refused.status_code, told(refused)) == (422, ["request:/frame"])
        broken = await client.post("/paint", content=b"{", headers={"Content-Type": "application/json"})
        assert (broken.status_code, told(broken)) == (422, [])


async def test_a_deprecated_operation_says_so_on_every_response(galleries: TestApp) -> None:
    async with plain(galleries) as client:
        for answer in (await client.get("/old"), await client.get("/old?fails=1"), await client.get("/old?fails=x")):
            assert told(answer) == ["operation"], answer.status_code
            assert answer.headers["Deprecation"] == f"@{int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())}"
            assert answer.headers["Sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"
        other = await client.get("/params")
        assert "Deprecation" not in other.headers
        document = (await client.get("http://strata.test/api/v902/openapi.json")).json()
    assert world_counts(galleries) == 3.0
    operation = document["paths"]["/things/old"]["get"]
    assert operation["deprecated"] is True
    assert (operation["x-deprecated-since"], operation["x-sunset"]) == ("2026-09-01", "2027-09-01")
    assert "API-Deprecated" in operation["responses"]["200"]["headers"]


def world_counts(test_app: TestApp) -> float:
    """How often the deprecated operation was counted."""
    for family in test_app.runtime.metrics.registry.collect():
        for sample in family.samples:
            if sample.name == "api_deprecated_uses_total" and sample.labels["operation"] == "things.old":
                assert sample.labels == {"api_version": "v902", "operation": "things.old", "feature": "operation"}
                return float(sample.value)
    return 0.0


def test_an_operation_without_anything_deprecated_has_nothing_to_look_for(settings: Settings) -> None:
    """Decided when a route is made: its requests pay one comparison with None."""
    found = {
        f"{version.name} {route.operation_id}"
        for version in VERSIONS
        for route in version.build(version, settings[HttpSettings]).routes
        if isinstance(route, StrictRoute) and route.deprecations is not None
    }
    assert {name for name in found if name.startswith(f"{CURRENT.name} ")} == {"v2 posts.list", "v2 posts.get"}
    assert {name.partition(" ")[2] for name in found} == {"posts.list", "posts.get"}
