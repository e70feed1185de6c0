"""PostgreSQL, databases, settings and applications of the suite."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from xdist.scheduler import LoadScopeScheduling

from app.http.runtime import Runtime
from app.kit.db.database import Database, sqlalchemy_url
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.loading import load_settings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.limits import GENEROUS
from tests.support.postgres import TestServer, clone
from tests.support.rollback_database import RollbackDatabase

_SERVER = pytest.StashKey[TestServer]()
_DSN = pytest.StashKey[str]()
_SHARED_SERVER = ("tests/browser/", "tests/system/test_outages.py")
"""Folders, and files, whose tests share one running server per file."""
_SLOW = (
    "tests/system/",
    "tests/browser/",
    "tests/benchmarks/",
    "tests/app/kit/db/test_embedded.py",
    "tests/contracts/compat/test_metamorphic.py",
    "tests/contracts/test_planted_faults.py",
    "tests/contracts/test_clients.py",
    "tests/contracts/test_conformance.py",
    "tests/contracts/test_gate.py",
    "tests/mutants/test_judging.py",
    "tests/laws/test_seeded_bugs.py",
    "tests/observability/test_rules.py",
    "tests/observability/tracing/test_export.py",
    "tests/observability/tracing/test_one_trace.py",
)
"""Marked ``slow``: they start `strata`, PostgreSQL, a browser, npm or promtool, or run for many seconds."""
_FAST = os.environ.get("TESTS_FAST") == "1"

# No deadline per example: it would measure the machine. CI runs the same examples each time; other runs do not.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=_FAST or "CI" in os.environ)
hypothesis.settings.register_profile("fast", hypothesis.settings.get_profile("suite"), max_examples=5)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("fast" if _FAST else "suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[_DSN] = worker["dsn"]
        return
    if config.option.collectonly:
        return
    for name in list(os.environ):
        if name.startswith("STRATA_"):
            del os.environ[name]
    server = TestServer()
    config.stash[_SERVER] = server
    config.stash[_DSN] = server.start()
    asyncio.run(server.prepare())
    server.migrate_template()


def pytest_configure_node(node: object) -> None:
    node.workerinput["dsn"] = node.config.stash[_DSN]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return SharedServers(config, log)


class SharedServers(LoadScopeScheduling):
    """Assigns each test to a free worker, but all tests of a file with a shared server to one worker.

    ``xdist_group`` has no effect under pytest 9.2: xdist 3.8 writes a field that pytest removed.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith(_SHARED_SERVER) else nodeid


def pytest_unconfigure(config: pytest.Config) -> None:
    if (server := config.stash.get(_SERVER, None)) is not None:
        server.stop()


@pytest.fixture(scope="session")
def admin_dsn(request: pytest.FixtureRequest) -> str:
    """The server's own database, from which others are created."""
    return request.config.stash[_DSN]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(
        home=tmp_path_factory.mktemp("home"),
        auth={"logins_per_minute": 100_000},
        log={"format": "json"},
        rate_limit=GENEROUS,
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_dsn(admin_dsn: str, worker_id: str) -> str:
    """This worker's database."""
    return await clone(admin_dsn, f"strata_{worker_id}")


@pytest_asyncio.fixture(loop_scope="session")
async def test_app(database_dsn: str, settings: Settings) -> AsyncIterator[TestApp]:
    """An application in a transaction that is rolled back."""
    engine = create_async_engine(sqlalchemy_url(database_dsn), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        runtime = Runtime.build(settings, await RollbackDatabase.of(connection))
        yield TestApp(create_app(settings), runtime)
        await transaction.rollback()
    await engine.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def concurrent_app(admin_dsn: str, settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[TestApp]:
    """An application with a database of its own, so that transactions run concurrently."""
    name = f"strata_live_{os.getpid()}_{abs(hash(request.node.nodeid))}"
    dsn = await clone(admin_dsn, name)
    database = await Database.open(dsn, settings[DatabaseSettings])
    yield TestApp(create_app(settings), Runtime.build(settings, database))
    await database.close()
    connection = await asyncpg.connect(admin_dsn)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()
