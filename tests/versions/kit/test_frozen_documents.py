"""The documents of the versions and what is derived from their routes, built in this process."""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from fastapi import APIRouter

from app.settings.http import HttpSettings
from tests.support.app import TestApp
from tests.support.operations import VERSIONS as NAMES
from versions.kit import typeid
from versions.kit.application import _costs, _needs_caller
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

CONTRACTS = Path(__file__).parents[3] / "contracts"
UID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda one: one.name)
def test_a_document_is_the_frozen_contract(version: ApiVersion) -> None:
    """`strata contract freeze` writes it, and explains each difference."""
    document = version.build(version, HttpSettings()).openapi()
    frozen = orjson.loads((CONTRACTS / f"{version.name}.openapi.json").read_bytes())
    assert orjson.loads(orjson.dumps(document)) == frozen


@pytest.mark.parametrize("version", NAMES)
async def test_a_document_is_served_as_json(test_app: TestApp, version: str) -> None:
    async with test_app.client() as client:
        response = await client.get(f"/api/{version}/openapi.json")
    assert response.headers["Content-Type"] == "application/json"


def router(*routes: tuple[str, str, dict[str, Any]]) -> APIRouter:
    found = APIRouter()

    async def respond() -> None: ...

    for method, path, document in routes:
        found.add_api_route(path, respond, methods=[method], openapi_extra=document)
    return found


def test_costs_are_known_before_the_route_where_the_path_has_no_parameter() -> None:
    cost = "x-rate-limit-cost"
    found = router(
        ("POST", "/a/batch", {cost: 10}),
        ("GET", "/a", {}),
        ("POST", "/a", {cost: 1}),
        ("GET", "/limits", {cost: 0}),
        ("POST", "/a/{id}", {cost: 5}),
    )
    assert _costs([found]) == {("POST", "/a/batch"): 10, ("GET", "/limits"): 0}


def test_which_requests_need_a_caller() -> None:
    signed_in, anyone = {"security": [{"bearer": []}]}, {"security": [{"bearer": []}, {}]}
    routers = [router(("POST", "/a", signed_in), ("GET", "/a", anyone)), router(("GET", "/a/{id}", signed_in))]
    needs = _needs_caller(routers)
    requests = [("POST", "/a"), ("GET", "/a/1"), ("GET", "/a"), ("PUT", "/a"), ("GET", "/b")]
    assert [request for request in requests if needs(*request)] == requests[:2]


@pytest.mark.parametrize("version", NAMES)
async def test_a_page_of_the_documentation_has_its_title_and_policy(test_app: TestApp, version: str) -> None:
    async with test_app.client() as client:
        for path, inline in (("docs", "script"), ("redoc", "style")):
            page = await client.get(f"/api/{version}/{path}")
            assert f"<title>Strata API {version}" in page.text
            policy = page.headers["Content-Security-Policy"]
            assert "script-src 'self'" in policy
            assert "style-src 'self'" in policy
            assert f"{inline}-src 'self' 'sha256-" in policy
            assert "unsafe-inline" not in policy


def test_a_prefix_may_have_several_words() -> None:
    assert typeid.decode("two_words", typeid.encode("two_words", UID)) == UID
    with pytest.raises(ValueError, match="not a TypeID with the prefix two"):
        typeid.decode("two", typeid.encode("two_words", UID))
