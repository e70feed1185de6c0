"""A new feature brings its own files and needs one registration line: the name of its resource in a version."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
COPIED = ("app", "versions", "observability", "contracts", "pyproject.toml")
REGISTRATION = ('    "limits",\n', '    "limits",\n    "toys",\n')

FEATURE = {
    "app/settings/toys.py": '''
from pydantic import Field
from app.settings.group import Group

class ToySettings(Group, name="toys"):
    """Settings of toys."""

    shelf: str = Field("top", description="where toys are stored")
''',
    "app/toys/__init__.py": "",
    "app/toys/errors.py": """
from app.errors import NotFound

class ToyNotFound(NotFound):
    code = "toy_not_found"
    detail = "There is no such toy."
""",
    "app/toys/policy.py": """
from app.access.permissions import Permission

class ToyPermission(Permission):
    READ = "toys:read"
""",
    "app/toys/metrics.py": '''
from observability.metrics.metrics import Metrics

class ToyMetrics:
    """Counts toys that were read."""

    def __init__(self, metrics: Metrics) -> None:
        self.reads = metrics.counter("toy_reads", "Toys that were read.")
''',
    "app/toys/reader.py": '''
from app.toys.errors import ToyNotFound
from app.toys.metrics import ToyMetrics

class ToyReader:
    """Reads toys."""

    def __init__(self, shelf: str, metrics: ToyMetrics) -> None:
        self._shelf = shelf
        self._metrics = metrics

    async def get(self, name: str) -> str:
        """The shelf of a toy. Raises ``ToyNotFound``."""
        if name != "bear":
            raise ToyNotFound
        self._metrics.reads.labels().inc()
        return self._shelf
''',
    "app/http/deps/toys.py": '''
from typing import Annotated
from fastapi import Depends, Request
from app.http.runtime import Component, Runtime, runtime_of
from app.settings.toys import ToySettings
from app.toys.metrics import ToyMetrics
from app.toys.reader import ToyReader

class ToyComponent(Component):
    """What the toys of one process share."""

    def __init__(self, shelf: str) -> None:
        self.shelf = shelf

    @classmethod
    def build(cls, runtime: Runtime) -> "ToyComponent":
        return cls(runtime.settings[ToySettings].shelf)

async def _reader(request: Request) -> ToyReader:
    runtime = runtime_of(request.scope)
    return ToyReader(runtime.get(ToyComponent).shelf, runtime.metrics.group(ToyMetrics))

ToyReaderDep = Annotated[ToyReader, Depends(_reader)]
''',
    "app/cli/toys.py": '''
def toys() -> None:
    """Show toys."""
''',
    "versions/v2/toys/__init__.py": "",
    "versions/v2/toys/routes.py": '''
from typing import Final
from app.http.deps.toys import ToyReaderDep
from versions.kit.application import Resource
from versions.kit.operations import OPTIONAL
from versions.v2.errors import operations
from versions.v2.routing import router

toys = router("/toys", "toys")
RESOURCE: Final = Resource(tags=({"name": "toys", "description": "Toys."},), routers=(toys,))

@toys.get("/{name}", **operations.declare("toys.get", security=OPTIONAL, needs=(), fails=[404]))
async def get_toy(name: str, reader: ToyReaderDep) -> str:
    """Get the shelf of a toy."""
    return await reader.get(name)
''',
}

USE = """
import asyncio
import httpx2
from app.access.permissions import key_scopes
from app.cli.program import COMMANDS
from app.errors import PROBLEM_TYPES
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.loading import load_settings
from app.settings.toys import ToySettings
from prometheus_client import generate_latest

settings = load_settings()
assert settings[ToySettings].shelf == "bottom", "read from the environment"
app = create_app(settings)
runtime = Runtime.build(settings, database=None)

async def served(scope, receive, send):
    await app({**scope, "state": dict(runtime.state())}, receive, send)

async def use():
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=served), base_url="http://strata.test") as client:
        bear, cat = await client.get("/api/v2/toys/bear"), await client.get("/api/v2/toys/cat")
        assert (bear.status_code, bear.json()) == (200, "bottom"), bear.text
        assert (cat.status_code, cat.json()["code"]) == (404, "toy_not_found"), cat.text
        assert (await client.get("/problems/toy_not_found")).status_code == 200
        document = (await client.get("/api/v2/openapi.json")).json()
        assert "/toys/{name}" in document["paths"]
        assert document["tags"][-1]["name"] == "toys"

asyncio.run(use())
assert "toy_reads_total 1.0" in generate_latest(runtime.metrics.registry).decode()
assert "toys:read" in key_scopes()
assert PROBLEM_TYPES["toy_not_found"] == "There is no such toy."
assert "toys" in COMMANDS
print("works")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the source with the toy feature, in which one line of one file has changed."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    contracts = tmp_path / "tests" / "architecture" / "import_contracts.py"
    contracts.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "architecture" / "import_contracts.py", contracts)
    for name, text in FEATURE.items():
        path = tmp_path / name
        assert not path.exists(), "a feature brings files of its own"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    version = tmp_path / "versions" / "v2" / "app.py"
    before = version.read_text()
    assert before.count(REGISTRATION[0]) == 1
    version.write_text(before.replace(*REGISTRATION))
    return tmp_path


def run(repository: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        arguments,
        cwd=repository,
        env={"PYTHONPATH": str(repository), "STRATA_HOME": str(repository / "home"), "STRATA_TOYS__SHELF": "bottom"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_feature_needs_one_registration_line(repository: Path) -> None:
    used = run(repository, sys.executable, "-c", USE)
    assert used.stdout.endswith("works\n"), used.stdout + used.stderr
    linted = run(repository, Path(sys.executable).with_name("lint-imports"), "--no-cache")
    assert "0 broken" in linted.stdout, linted.stdout + linted.stderr
