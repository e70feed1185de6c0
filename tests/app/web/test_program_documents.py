"""The unversioned documents for programs: versions, catalogue, security.txt, readiness and metrics."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from app.http.rate_limit.limits import RateLimits
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import Window
from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.metrics import MetricsSettings
from app.settings.root import Settings
from app.web import discovery
from tests.support.app import TestApp
from tests.support.registries import CURRENT, DEPRECATED, OLD
from versions.registry import VERSIONS

NAMES = [version.name for version in VERSIONS]
NOW = datetime.now(UTC)


def test_the_document_of_a_version() -> None:
    past = Window(NOW - timedelta(days=3), NOW - timedelta(days=2))
    coming = Window(datetime(2190, 3, 1, 8, tzinfo=UTC), datetime(2190, 3, 1, 20, 30, tzinfo=UTC))
    found = discovery.version_document(replace(OLD, brownouts=(past, coming)), Schedule())
    assert found == {
        "name": "v901",
        "status": "brownout",
        "released": OLD.released.isoformat(),
        "deprecated_at": "2026-06-01T00:00:00Z",
        "sunset_at": "2027-12-31T23:59:59Z",
        "retired_at": None,
        "brownouts": [{"from": "2190-03-01T08:00:00Z", "until": "2190-03-01T20:30:00Z"}],
        "successor": CURRENT.name,
        "url": "/api/v901",
        "openapi": "/api/v901/openapi.json",
        "docs": "/api/v901/docs",
        "migration_guide": f"/docs/migrate/v901-to-{CURRENT.name}",
    }
    retired = discovery.version_document(replace(OLD, retired_at=datetime(2028, 1, 2, tzinfo=UTC)), Schedule())
    assert retired["retired_at"] == "2028-01-02T00:00:00Z"


async def test_documents_for_programs(test_app: TestApp) -> None:
    base = test_app.runtime.settings[HttpSettings].base_url
    common = {"status": [{"href": f"{base}/health/ready", "type": "application/json"}]}
    expected = [
        {
            "anchor": f"{base}/api/{name}",
            "service-desc": [{"href": f"{base}/api/{name}/openapi.json", "type": "application/json"}],
            "service-doc": [{"href": f"{base}/api/{name}/docs", "type": "text/html"}],
            **common,
        }
        for name in NAMES
    ]
    for version, links in zip(VERSIONS, expected, strict=True):
        if version.successor is not None:
            links["successor-version"] = [{"href": f"{base}/api/{version.successor}"}]
    async with test_app.client() as client:
        catalog = await client.get("/.well-known/api-catalog")
        assert catalog.json() == {"linkset": expected}
        profile = "https://www.rfc-editor.org/info/rfc9727"
        assert catalog.headers["content-type"] == f'application/linkset+json; profile="{profile}"'
        assert catalog.headers["link"] == '</.well-known/api-catalog>; rel="api-catalog"'
        security = await client.get("/.well-known/security.txt")
        assert security.headers["content-type"] == "text/plain; charset=utf-8"
        versions = await client.get("/api")
        entries = [await client.get(f"/api/{name}") for name in NAMES]
        health = await client.get("/health")
        assert (health.headers["content-type"], health.json()) == ("application/json", {"status": "ok"})
        unknown = await client.get("/problems/unheard_of")
        assert unknown.json()["detail"] == "There is no such kind of problem."
        keys = await client.get("/.well-known/jwks.json")
        assert (keys.status_code, keys.json()["detail"]) == (404, "Tokens are signed with a shared secret.")
    assert [entry.json() for entry in entries] == versions.json()["versions"]
    for version, entry in zip(VERSIONS, entries, strict=True):
        assert ("deprecation" in entry.headers) is (version in DEPRECATED)
    for response in (catalog, security, versions, *entries):
        assert response.headers["cache-control"] == "public, max-age=5"
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {f"{midnight + timedelta(days=180 + late):%Y-%m-%dT00:00:00Z}" for late in (0, 1)}
    contact, expires, *others = security.text.splitlines()
    assert contact == "Contact: mailto:security@strata.example"
    assert expires.removeprefix("Expires: ") in days
    assert others == [f"Canonical: {base}/.well-known/security.txt", "Preferred-Languages: en"]


@pytest.mark.parametrize(
    ("redis", "document"),
    [
        (None, {"status": "ok", "dependencies": {"database": "ok"}}),
        (True, {"status": "ok", "dependencies": {"database": "ok", "redis": "ok"}}),
        (False, {"status": "degraded", "dependencies": {"database": "ok", "redis": "degraded"}}),
    ],
)
async def test_readiness_with_and_without_redis(
    test_app: TestApp, redis: object, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def redis_answers(_limits: RateLimits) -> object:
        return redis

    monkeypatch.setattr(RateLimits, "redis_answers", redis_answers)
    async with test_app.client() as client:
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, document)


async def test_metrics_are_served_to_scrapers_with_the_token_or_on_another_port(
    test_app: TestApp, settings: Settings
) -> None:
    guarded = settings.with_groups(MetricsSettings(token=SecretStr("t0ken")))
    apart = settings.with_groups(MetricsSettings(port=9100))
    for chosen, header, status in (
        (settings, "", 200),
        (guarded, "", 401),
        (guarded, "Bearer other", 401),
        (guarded, "Bearer t0ken", 200),
        (apart, "Bearer t0ken", 404),
    ):
        app = TestApp(create_app(chosen), test_app.runtime)
        async with app.client({"Authorization": header} if header else None) as client:
            assert (await client.get("/metrics")).status_code == status
