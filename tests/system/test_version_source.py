"""``strata versions new`` and ``remove`` in a copy of the repository, after which it passes its own checks."""

import json
from datetime import date
from pathlib import Path

import pytest

from contracts.compat.exceptions import ChangeException, add_exception, read_exceptions, remove_exceptions
from contracts.scaffold.places import declared_names
from contracts.scaffold.promote import UNWRITTEN
from tests.support.checkout import Checkout
from tests.support.source_copy import commands
from versions.registry import VERSIONS

NEWEST = VERSIONS[-1].name
NEXT = f"v{int(NEWEST[1:]) + 1}"
OLDEST = VERSIONS[0]
EXCEPTIONS = "contracts/exceptions.toml"
SERVE = """
import asyncio, httpx2, json
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.loading import load_settings

settings = load_settings()
app = create_app(settings)
runtime = Runtime.build(settings, database=None)

async def served(scope, receive, send):
    await app({{**scope, "state": dict(runtime.state())}}, receive, send)

async def get(paths):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=served), base_url="http://strata.test") as client:
        for path in paths:
            response = await client.get(path)
            print(json.dumps(f"{{response.status_code}} {{dict(response.headers)}} {{response.text}}"))

asyncio.run(get({paths!r}))
"""

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def with_preview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with a new version, of which each test has a copy: creating it costs ten times as much CPU."""
    created = Checkout(tmp_path_factory.mktemp("preview"))
    command = commands("Add a version", NEXT, NEWEST)[0]
    planned = created.follow(command, "--dry-run")
    assert f"Would create: versions/{NEXT}" in planned
    assert NEXT not in declared_names(created.root), "--dry-run changes nothing"
    created.follow(command)
    return created.root


@pytest.fixture
def preview(tmp_path: Path, with_preview: Path) -> Checkout:
    return Checkout(tmp_path, with_preview)


def get(checkout: Checkout, *paths: str) -> list[str]:
    """The status, the headers and the body of the response to each of some anonymous requests."""
    lines = checkout.python(SERVE.format(paths=paths)).splitlines()
    return [json.loads(line) for line in lines if line.startswith('"')]


def retire_oldest(checkout: Checkout) -> None:
    """Declare the oldest version retired, as it will be after its sunset."""
    path = f"versions/{OLDEST.name}/version.py"
    declaration = checkout.root / path
    text = declaration.read_text()
    sunset = next(line for line in text.splitlines() if line.strip().startswith("sunset_at="))
    text = text.replace("VersionStatus.DEPRECATED", "VersionStatus.RETIRED")
    text = text.replace(
        sunset, "    sunset_at=datetime(2026, 8, 1, tzinfo=UTC),\n    retired_at=datetime(2026, 8, 2, tzinfo=UTC),"
    )
    checkout.write(path, text)
    # No release has promised the sunset of this copy.
    record = checkout.root / "versions/lifecycle.json"
    released = json.loads(record.read_text())
    released[OLDEST.name] |= {
        "sunset_at": "2026-08-01T00:00:00Z",
        "retired_at": "2026-08-02T00:00:00Z",
        "status": "retired",
    }
    record.write_text(json.dumps(released))
    checkout.strata("contract", "freeze")
    checkout.strata("contract", "guide")


def add_exceptions(checkout: Checkout, *versions: str) -> None:
    """Accept a change of each version that breaks clients."""
    for version in versions:
        accepted = ChangeException(version, "operation-removed", "/paths/~1planted/get", "Planted.", date(2027, 1, 31))
        add_exception(checkout.root / EXCEPTIONS, accepted)


@pytest.mark.skipif(len(VERSIONS) == 1, reason="there is no version to remove")
def test_a_removed_version_leaves_a_tombstone_and_a_green_repository(checkout: Checkout) -> None:
    name, guide = OLDEST.name, f"{OLDEST.name}-to-{OLDEST.successor}"
    assert "only a retired version can be removed" in checkout.strata("versions", "remove", name, "--yes", status=1)
    retire_oldest(checkout)
    add_exceptions(checkout, name, str(OLDEST.successor))
    remove, *afterwards = commands("End a version", name)
    assert remove == ["strata", "versions", "remove", name, "--dry-run"]
    planned = checkout.follow(remove)
    assert f"Would delete: versions/{name}" in planned
    assert declared_names(checkout.root)[0] == name, "--dry-run changes nothing"
    assert "Confirmation is required" in checkout.follow(remove[:-1], status=1)
    assert declared_names(checkout.root)[0] == name
    checkout.follow(remove[:-1], "--yes")
    assert [one.version for one in read_exceptions(checkout.root / EXCEPTIONS)] == [OLDEST.successor]
    remove_exceptions(checkout.root / EXCEPTIONS, str(OLDEST.successor))
    left = [
        path for path in checkout.root.rglob("*") if path.is_file() and name in path.relative_to(checkout.root).parts
    ]
    assert [path for path in left if "__pycache__" not in path.parts] == []
    gone, archived = get(checkout, f"/api/{name}/posts", f"/docs/migrate/{guide}")
    assert "410 {" in gone
    assert f'</api/{OLDEST.successor}>; rel="successor-version"' in gone
    assert f"</docs/migrate/{guide}>" in gone
    assert "is archived" in archived
    assert "must be later than every version" in checkout.strata("versions", "new", name, "--from", NEWEST, status=1)
    assert ["make", "check"] in afterwards
    assert ["strata", "versions", "check"] in afterwards
    for command in afterwards:
        if command != ["make", "test"]:
            checkout.follow(command)
    checkout.test("test_every_operation.py", "test_every_failure.py", "test_entry.py")
    (checkout.root / "tests/versions" / name).mkdir()
    checkout.write(f"tests/versions/{name}/left.py", "")
    assert f"tests/versions/{name} is about {name}" in checkout.strata("versions", "check", status=1)


def test_a_new_version_is_a_preview_in_a_green_repository(preview: Checkout) -> None:
    _, *afterwards = commands("Add a version", NEXT, NEWEST)
    (document,) = get(preview, f"/api/{NEXT}/openapi.json")
    assert f"Strata API {NEXT} (preview)" in document
    assert "'api-status': 'preview'" in document
    assert "may change or end at any time" in document
    assert ["make", "check"] in afterwards
    for command in afterwards:
        preview.follow(command)
    preview.test("test_every_operation.py", "test_every_failure.py", "test_entry.py")
    assert "must be later than every version" in preview.strata("versions", "new", NEXT, "--from", NEWEST, status=1)
    # A preview is no promise: whatever changes is frozen.
    preview.edit(f"versions/{NEXT}/app.py", '    "limits",\n', "")
    preview.strata("contract", "freeze")
    (document,) = get(preview, f"/api/{NEXT}/openapi.json")
    assert '"/rate-limit"' not in document


def test_a_preview_is_promoted_when_its_guide_is_complete(preview: Checkout) -> None:
    promote, *others = commands("Promote a preview", NEXT)
    folder = preview.root / f"contracts/changes/{NEWEST}-to-{NEXT}"
    first = preview.follow(promote, status=1)
    assert "server-removed" in first, "the URL changes"
    stubs = sorted(folder.glob("*.md"))
    assert stubs, "one for each finding"
    recorded = (folder / "recorded.json").read_text()
    assert f"/api/{NEWEST}/" in recorded
    assert f"/api/{NEXT}/" in recorded
    assert f"Not written yet: {stubs[0].name}" in preview.follow(promote, status=1)
    for stub in stubs:
        stub.write_text(stub.read_text().replace(UNWRITTEN, "Replace the prefix of every URL."))
    assert ["python", "-m", "tests.support.guide", NEXT] in others
    for command in others:
        preview.follow(command)
    assert f"{NEXT} is current" in preview.follow(promote)
    listed = preview.strata("versions", "list", "--json")
    assert [one["status"] for one in json.loads(listed)[-2:]] == ["supported", "current"]
    document, guide = get(preview, f"/api/{NEXT}/openapi.json", f"/docs/migrate/{NEWEST}-to-{NEXT}")
    assert "api-status" not in document
    assert "Replace the prefix of every URL." in guide
    preview.make_check()
    assert "only a preview can be promoted" in preview.strata("versions", "promote", NEXT, status=1)
