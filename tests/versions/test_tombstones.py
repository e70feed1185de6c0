"""A removed version keeps responding: 410 with its successor and its archived guide."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from app.lifecycle.errors import LifecycleError
from app.main import create_app
from app.settings.root import Settings
from app.web import migration_guide, routes
from tests.support.app import TestApp
from versions.kit.tombstones import read_tombstones, tombstones_form
from versions.registry import VERSIONS

NEWEST = VERSIONS[-1].name
ENDED = {
    "name": "v901",
    "status": "retired",
    "released": "2020-01-01",
    "deprecated_at": "2022-01-01T00:00:00Z",
    "sunset_at": "2023-01-01T00:00:00Z",
    "retired_at": "2023-01-02T00:00:00Z",
    "successor": NEWEST,
    "brownouts": [],
    "removed": "2023-06-01",
    "guide": "v901-to-v902",
}
EARLIER = {**ENDED, "name": "v900", "successor": "v901", "guide": "v900-to-v901"}


def record(folder: Path, **tombstones: object) -> Path:
    path = folder / "removed.json"
    path.write_text(json.dumps(tombstones))
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, test_app: TestApp, settings: Settings
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application with two tombstones, of which one leads to the other."""
    found = read_tombstones(record(tmp_path, v900=EARLIER, v901=ENDED))
    for module in ("app.main", "app.web.routes"):
        monkeypatch.setattr(f"{module}.read_tombstones", lambda: found)
    archive = tmp_path / "archived"
    archive.mkdir()
    (archive / "v901-to-v902.html").write_text(migration_guide.archived_page("# From v901\n", "Not run any more."))
    monkeypatch.setattr(migration_guide, "_ARCHIVE", archive)
    migration_guide.archived_guides.cache_clear()
    routes.ended_versions.cache_clear()
    transport = httpx2.ASGITransport(app=TestApp(create_app(settings), test_app.runtime).app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as client:
        yield client
    migration_guide.archived_guides.cache_clear()
    routes.ended_versions.cache_clear()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("OPTIONS", ""),
        ("GET", "/posts"),
        ("POST", "/posts"),
        ("DELETE", "/posts/1"),
        ("GET", "/docs"),
        ("GET", "/a%0Ab"),
    ],
)
async def test_every_path_of_a_removed_version_is_gone(client: httpx2.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, f"/api/v901{path}", headers={"X-API-Key": "sk_live_anything"})
    assert response.status_code == 410
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "version_retired"
    assert f"Use {NEWEST} (/api/{NEWEST}); /docs/migrate/v901-to-v902" in response.json()["detail"]
    assert response.headers["API-Version"] == "v901"
    assert response.headers["Deprecation"] == "@1640995200"
    assert response.headers["Sunset"] == "Sun, 01 Jan 2023 00:00:00 GMT"
    assert response.headers["Cache-Control"] == "no-store"
    assert '</docs/migrate/v901-to-v902>; rel="deprecation"; type="text/html"' in response.headers["Link"]
    assert f'</api/{NEWEST}>; rel="successor-version"' in response.headers["Link"]


async def test_a_successor_that_was_removed_is_followed_to_one_that_serves(client: httpx2.AsyncClient) -> None:
    response = await client.get("/api/v900/posts")
    assert f'</api/{NEWEST}>; rel="successor-version"' in response.headers["Link"]
    assert '</docs/migrate/v900-to-v901>; rel="deprecation"' in response.headers["Link"]


async def test_other_versions_and_paths_are_served_as_before(client: httpx2.AsyncClient) -> None:
    assert (await client.get(f"/api/{NEWEST}/posts")).status_code == 200
    assert (await client.get("/api/v9011/posts")).status_code == 404
    listed = (await client.get("/api")).json()["versions"]
    assert [one["name"] for one in listed] == [version.name for version in VERSIONS]


async def test_the_guide_stays_readable_as_html(client: httpx2.AsyncClient) -> None:
    for path in ("v901-to-v902", "v901-to-v902.md"):
        page = await client.get(f"/docs/migrate/{path}", headers={"Accept": "text/markdown"})
        assert page.status_code == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "From v901" in page.text
        assert "Not run any more." in page.text
        same = await client.get(f"/docs/migrate/{path}", headers={"If-None-Match": page.headers["ETag"]})
        assert same.status_code == 304
    policy = (await client.get("/policies/versions")).text
    assert "<td>v901</td><td>02 January 2023</td>" in policy
    assert 'href="/docs/migrate/v901-to-v902"' in policy


def test_a_successor_is_followed_over_any_number_of_removed_versions(tmp_path: Path) -> None:
    first = {**EARLIER, "name": "v899", "successor": "v900", "guide": "v899-to-v900"}
    path = record(tmp_path, v899=first, v900=EARLIER, v901=ENDED)
    assert [(one.name, one.successor) for one in read_tombstones(path)] == [
        ("v899", NEWEST),
        ("v900", NEWEST),
        ("v901", NEWEST),
    ]
    assert [one.successor for one in read_tombstones(path, follow=False)] == ["v900", "v901", NEWEST]


def test_tombstones_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = read_tombstones(record(tmp_path, v901=ENDED))
    again = tmp_path / "again.json"
    again.write_bytes(tombstones_form({one.name: one for one in found}))
    assert read_tombstones(again) == found
    assert read_tombstones(tmp_path / "missing.json") == ()


@pytest.mark.parametrize(
    ("tombstone", "sentence"),
    [
        ({**ENDED, "name": "v7"}, "v901 must be the record of a retired version"),
        ({**ENDED, "retired_at": None}, "v901 must be the record of a retired version"),
        ({}, "cannot be read"),
    ],
)
def test_an_invalid_tombstone_is_an_error_at_start(tmp_path: Path, tombstone: dict[str, object], sentence: str) -> None:
    with pytest.raises(LifecycleError, match=sentence):
        read_tombstones(record(tmp_path, v901=tombstone))
