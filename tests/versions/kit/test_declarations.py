"""What a version declares: operations, its lifecycle in headers, pages and record, and where an operation is served."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from app.http.caching import Caching
from app.http.routing.deprecations import SINCE, SUNSET
from app.lifecycle.version import VersionStatus
from app.users.policy import UserPermission
from versions.kit import needs
from versions.kit.application import path_of_operation
from versions.kit.lifecycle_headers import lifecycle_headers, notice
from versions.kit.links import link_to
from versions.kit.operations import ANYONE, OPTIONAL, SIGNED_IN, Deprecation, Operations, signed_in_only
from versions.kit.routing import RouteTree, _allowed
from versions.kit.version import ApiVersion

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def nothing(*_: Any) -> FastAPI:
    return FastAPI()


def version(name: str, status: VersionStatus = VersionStatus.CURRENT, **facts: Any) -> ApiVersion:
    return ApiVersion(name=name, status=status, released=date(2026, 1, 1), build=nothing, **facts)


ENDING = version(
    "v7",
    VersionStatus.DEPRECATED,
    deprecated_at=NOON,
    sunset_at=NOON + timedelta(days=400),
    successor="v8",
)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (version("v7"), {}),
        (version("v7", VersionStatus.SUPPORTED), {}),
        (version("v7", VersionStatus.PREVIEW), {"api-status": "preview"}),
        (
            ENDING,
            {
                "deprecation": "@1780315200",
                "sunset": "Tue, 06 Jul 2027 12:00:00 GMT",
                "link": '</docs/migrate/v7-to-v8>; rel="deprecation"; type="text/html", '
                '</policies/versions>; rel="sunset"; type="text/html", </api/v8>; rel="successor-version"',
            },
        ),
        (
            replace(ENDING, sunset_at=None),
            {
                "deprecation": "@1780315200",
                "link": '</docs/migrate/v7-to-v8>; rel="deprecation"; type="text/html", '
                '</api/v8>; rel="successor-version"',
            },
        ),
        (replace(ENDING, sunset_at=None, successor=None), {"deprecation": "@1780315200"}),
        (version("v7", successor="v8"), {}),
    ],
)
def test_the_lifecycle_of_a_version_is_in_its_headers(declared: ApiVersion, expected: dict[str, str]) -> None:
    assert lifecycle_headers(declared) == {"api-version": "v7", **expected}


@pytest.mark.parametrize(
    ("stage", "beginning"),
    [
        (VersionStatus.DEPRECATED, "**This version is deprecated.** It ends on 6 July 2027."),
        (VersionStatus.BROWNOUT, "**This version is in brownout.** It ends on 6 July 2027."),
        (VersionStatus.RETIRED, "**This version is retired.** It has ended."),
    ],
)
def test_a_version_that_ends_has_a_notice(stage: VersionStatus, beginning: str) -> None:
    found = notice(ENDING, stage)
    assert found == f"{beginning} [v8](/api/v8/docs) succeeds it; [the guide](/docs/migrate/v7-to-v8) leads there.\n\n"
    assert notice(version("v7"), VersionStatus.CURRENT) == ""


def serving(*operations: str, prefix: str = "") -> FastAPI:
    app = FastAPI(openapi_url=None)
    router = APIRouter()

    async def respond() -> None: ...

    for operation in operations:
        router.add_api_route(f"{prefix}/{operation}", respond, operation_id=operation)
    app.router.routes.extend(router.routes)
    return app


def test_an_operation_is_linked_in_the_newest_version_that_serves_it() -> None:
    applications = {
        version("v9"): serving("a", "b"),
        version("v10"): serving("b", "c", prefix="/new"),
        version("v11", VersionStatus.RETIRED): serving("a", "b", "gone"),
        version("v12", VersionStatus.PREVIEW): serving("a", "preview"),
        version("v13", VersionStatus.PREVIEW): serving("preview"),
    }
    found = {name: path_of_operation(applications, name) for name in ("a", "b", "c", "gone", "preview", "x")}
    assert found == {
        "a": "/api/v9/a",
        "b": "/api/v10/new/b",
        "c": "/api/v10/new/c",
        "gone": None,
        "preview": "/api/v13/preview",
        "x": None,
    }


def failure(status: int) -> dict[str, Any]:
    return {"description": f"failure {status}"}


def declared(**options: Any) -> dict[str, Any]:
    return Operations(failure, (500, 429)).declare("a.get", **{"security": SIGNED_IN, "needs": (), **options})


def test_an_operation_declares_its_failures_and_its_scheme() -> None:
    assert declared(fails=(404,), success={200: {"description": "Found"}}) == {
        "operation_id": "a.get",
        "responses": {
            **{status: failure(status) for status in (401, 403, 404, 429, 500)},
            200: {"description": "Found"},
        },
        "openapi_extra": {"security": [{"bearer": []}, {"apiKey": []}], "x-required-permission": []},
    }
    assert list(declared(fails=(404,))["responses"]) == [401, 403, 404, 429, 500]
    assert declared(security=ANYONE)["responses"].keys() == {429, 500}
    assert declared(security=ANYONE)["openapi_extra"]["security"] == []
    assert declared(security=OPTIONAL)["responses"].keys() == {401, 403, 429, 500}
    assert declared(security=OPTIONAL)["openapi_extra"]["security"] == [{"bearer": []}, {"apiKey": []}, {}]


def test_an_operation_declares_the_permissions_of_its_alternatives() -> None:
    found = declared(needs=needs.EDIT_USER)["openapi_extra"]["x-required-permission"]
    assert found == ["profile:write profile:read", "users:write users:read"]


@pytest.mark.parametrize(("cost", "stated"), [(0, {"x-rate-limit-cost": 0}), (1, {}), (10, {"x-rate-limit-cost": 10})])
def test_an_unusual_cost_is_stated(cost: int, stated: dict[str, int]) -> None:
    document = declared(cost=cost)["openapi_extra"]
    assert {name: value for name, value in document.items() if "cost" in name} == stated
    with pytest.raises(ValueError, match=r"a\.get: the cost must be at most 10, got 11"):
        declared(cost=11)


@pytest.mark.parametrize("options", [{"security": SIGNED_IN}, {"security": OPTIONAL, "caching": Caching.CALLER}])
def test_responses_that_depend_on_the_caller_are_not_cached(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a\.get: cache tags need an operation that is equal for all"):
        declared(cache_tags=("post",), **options)


def test_caching_links_and_a_deprecation_are_stated() -> None:
    assert "x-caching" not in declared(caching=Caching.SHARED)["openapi_extra"]
    assert declared(caching=Caching.NEVER)["openapi_extra"]["x-caching"] == "never"
    assert "x-cache-tags" not in declared()["openapi_extra"]
    assert declared(cache_tags=("post",), security=OPTIONAL)["openapi_extra"]["x-cache-tags"] == ["post"]
    links = link_to("a.update")
    found = declared(success={200: {"description": "Found"}}, links={200: links, 201: links})["responses"]
    assert (found[200], found[201]) == ({"description": "Found", "links": links}, {"links": links})
    ended = declared(deprecation=Deprecation(date(2026, 1, 2), date(2027, 3, 4)))
    assert ended["deprecated"] is True
    assert {name: ended["openapi_extra"][name] for name in (SINCE, SUNSET)} == {
        SINCE: "2026-01-02",
        SUNSET: "2027-03-04",
    }
    assert "deprecated" not in declared()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, False),
        ({}, False),
        ({"security": []}, False),
        ({"security": [{"bearer": []}, {}]}, False),
        ({"security": [{"bearer": []}]}, True),
    ],
)
def test_an_operation_for_signed_in_callers(document: dict[str, Any] | None, expected: bool) -> None:  # noqa: FBT001 - an expected fact
    assert signed_in_only(document) is expected


def test_permissions_have_one_meaning_in_all_versions() -> None:
    found = {name: value for name, value in vars(needs).items() if name.isupper() and value}
    assert {name: [" ".join(group) for group in value] for name, value in found.items()} == {
        "READ_POSTS": ["posts:read"],
        "WRITE_POSTS": ["posts:write posts:read"],
        "DELETE_POSTS": ["posts:write"],
        "READ_PROFILE": ["profile:read"],
        "EDIT_PROFILE": ["profile:write profile:read"],
        "READ_USERS": ["users:read"],
        "CREATE_USERS": ["users:write users:read"],
        "DELETE_USERS": [str(UserPermission.DELETE)],
        "SET_ROLES": ["roles:write users:read"],
        "READ_USER": ["profile:read", "users:read"],
        "EDIT_USER": ["profile:write profile:read", "users:write users:read"],
        "DELETE_USER": ["profile:write", str(UserPermission.DELETE)],
        "CREDENTIALS": ["credentials:write"],
        "ADMINISTER_KEYS": ["keys:admin"],
        "READ_USAGE": ["usage:read"],
        "READ_AUDIT": ["audit:read"],
        "ANALYSE_IMPACT": ["impact:read users:read jobs:write jobs:read"],
        "READ_EVENTS": ["events:read"],
        "STREAM_IN_BROWSERS": ["events:read credentials:write"],
        "READ_LEDGER": ["ledger:read"],
        "WRITE_LEDGER": ["ledger:write ledger:read"],
        "READ_NOTIFICATIONS": ["notifications:read"],
        "MARK_NOTIFICATIONS": ["notifications:write notifications:read"],
        "SEND_NOTIFICATIONS": ["notifications:send notifications:read"],
        "READ_WEBHOOKS": ["webhooks:read"],
        "WRITE_WEBHOOKS": ["webhooks:write webhooks:read"],
        "DIRECT_WEBHOOKS": ["webhooks:write webhooks:read events:read"],
        "DELETE_WEBHOOKS": ["webhooks:write"],
        "READ_JOBS": ["jobs:read"],
        "WRITE_JOBS": ["jobs:write jobs:read"],
        "READ_FILES": ["files:read"],
        "WRITE_FILES": ["files:write files:read"],
        "DELETE_FILES": ["files:write"],
        "IMPORT_POSTS": ["jobs:write jobs:read posts:write"],
        "REPORT_POSTS": ["jobs:write jobs:read posts:read"],
    }


def routes(*templates: tuple[str, str]) -> APIRouter:
    router = APIRouter()

    async def respond() -> None: ...

    for method, path in templates:
        router.add_api_route(path, respond, methods=[method])
    return router


def test_a_tree_finds_every_route_of_the_best_template() -> None:
    tree = RouteTree(
        routes(
            ("GET", "/a/{id}"),
            ("PATCH", "/a/{id}"),
            ("POST", "/a/batch"),
            ("GET", "/a/{id}/b/{other}"),
            ("GET", "/a/batch/c"),
            ("GET", "/{rest:path}"),
            ("GET", "/{name}.json"),
        ).routes
    )

    def found(path: str) -> list[tuple[str, str]]:
        return [(next(iter(route.methods or ())), route.path) for route in tree.find(path)]

    assert found("/a/1") == [("GET", "/a/{id}"), ("PATCH", "/a/{id}")]
    assert found("/a/batch") == [("POST", "/a/batch")]
    assert found("/a/batch/c") == [("GET", "/a/batch/c")]
    assert found("/a/batch/b/2") == [("GET", "/a/{id}/b/{other}")], "back from the literal segment"
    for nothing_there in ("/a", "/a/", "/a//b/2", "/a/1/b", "/a/1/b/", "/x.json", "/x/y", "", "/"):
        assert found(nothing_there) == []


def test_allowed_methods_are_those_of_all_routes() -> None:
    found: Callable[..., Any] = _allowed
    assert found(routes(("PATCH", "/a"), ("GET", "/a")).routes) == ["GET", "HEAD", "PATCH"]
    assert found(routes(("PUT", "/a"), ("DELETE", "/a")).routes) == ["DELETE", "PUT"]
