"""Whom requests with rejected, ignored or undetermined credentials are charged to."""

from collections.abc import Mapping

import pytest

from app.access.reader import PrincipalResolver
from app.errors import Unavailable
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.versions.test_rate_limits import (
    ANONYMOUS,
    EVERY,
    FREE,
    REJECTED,
    _plans,
    both,
    ensure_headers,
    ensure_limited,
    left,
    left_of,
    settings,
)

__all__ = ["_plans", "settings"]
"""The fixtures with quotas that a test can use up."""

GARBAGE: list[Mapping[str, str]] = [
    {"Authorization": "Bearer e30.e30.e30"},
    {"Authorization": "Basic YTpi"},
    {"X-API-Key": "sk_live_0000"},
    {"Authorization": "", "X-API-Key": ""},
]


@both
@pytest.mark.parametrize("path", ["/nowhere", "/posts", "/users/me", "/docs", "/rate-limit"])
async def test_rejected_credentials_have_a_quota_of_their_own(test_app: TestApp, version: str, path: str) -> None:
    """Unknown paths, pages and operations: exhausting it affects neither anonymous callers nor valid keys."""
    ada = await test_app.person("ada@example.com")
    async with test_app.client() as client:
        statuses = []
        for number in range(REJECTED + 3):
            response = await client.get(f"/api/{version}{path}", headers=GARBAGE[number % len(GARBAGE)])
            ensure_headers(version, response)
            statuses.append(response.status_code)
        assert 429 not in statuses[:REJECTED]
        assert statuses[REJECTED:] == [429] * 3
        ensure_limited(version, response, "rejected")
        assert await left_of(client) == ANONYMOUS, "callers without credentials are not affected"
        assert (await client.get(f"/api/{version}/posts", headers=ada.headers)).status_code == 200


@both
async def test_ignored_credentials_are_charged_like_none(test_app: TestApp, version: str) -> None:
    async with test_app.client() as client:
        statuses = [
            (await client.post(DIALECTS[version].login_url, headers=GARBAGE[number % len(GARBAGE)])).status_code
            for number in range(ANONYMOUS + 2)
        ]
        assert statuses == [422] * ANONYMOUS + [429] * 2
        assert await left_of(client) == 0


@both
@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PATCH", "/posts", 405)])
async def test_a_valid_key_pays_for_unknown_paths_and_methods(
    test_app: TestApp, version: str, method: str, path: str, status: int
) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client, test_app.client() as anonymous:
        found = [await client.request(method, f"/api/{version}{path}") for _ in range(FREE + 1)]
        assert [response.status_code for response in found] == [status] * FREE + [429]
        assert left(found[0]) == FREE - 1
        assert await left_of(anonymous) == ANONYMOUS


@both
@pytest.mark.parametrize("path", ["/posts", "/nowhere"])
async def test_a_caller_that_cannot_be_determined_is_not_charged(
    test_app: TestApp, version: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of the database is 503 for paying callers, however many: it says nothing about their quota."""
    ada = await test_app.person("ada@example.com")

    async def unavailable(*_arguments: object) -> None:
        raise Unavailable(retry_after=2)

    monkeypatch.setattr(PrincipalResolver, "by_key", unavailable)
    async with test_app.client(ada.headers) as client, test_app.client() as anonymous:
        for _ in range(2 * ANONYMOUS):
            response = await client.get(f"/api/{version}{path}")
            assert response.status_code == 503
            assert 2 <= int(response.headers["Retry-After"]) <= 6
            assert not [name for name in EVERY if name in response.headers]
        assert await left_of(anonymous) == ANONYMOUS
