"""PostgreSQL, databases, settings and applications of the suite."""

import asyncio
import gc
import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpcore2
import hypothesis
import orjson
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.loading import load_settings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.costs import CostRecorder, CostReport
from tests.support.limits import GENEROUS, POLICIES, plans_with
from tests.support.passwords import cheap_hashing
from tests.support.postgres import TestServer, clone, drop, drop_created, owner_dsn, run_name
from tests.support.redis import RedisServer, running_redis
from tests.support.rollback_database import RollbackDatabase, shared_engine
from tests.support.schedule import SlowestFirst, arrange, choose_order, recorded_costs

_SERVER = pytest.StashKey[TestServer]()
_DSN = pytest.StashKey[str]()
_ORDER = pytest.StashKey[str]()
_SOCKETS_LEFT = pytest.StashKey[bool]()
_ROOT = Path(__file__).parents[1]
_SLOW = (
    "tests/recipes/",
    "tests/system/",
    "tests/browser/",
    "tests/benchmarks/",
    "tests/app/kit/db/test_embedded.py",
    "tests/app/kit/storage/",
    "tests/app/cli/test_doctor_storage.py",
    "tests/versions/test_transfers_over_s3.py",
    "tests/versions/v2/test_completions.py",
    "tests/versions/v2/test_presigned_downloads.py",
    "tests/versions/v2/test_presigned_uploads.py",
    "tests/contracts/compat/test_metamorphic.py",
    "tests/contracts/replay/",
    "tests/contracts/test_planted_faults.py",
    "tests/contracts/test_clients.py",
    "tests/contracts/test_conformance.py",
    "tests/contracts/test_gate.py",
    "tests/mutants/test_judging.py",
    *(str(path.relative_to(_ROOT)) for path in _ROOT.glob("tests/laws/*/test_seeded_bugs.*")),
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


# The asynchronous clients of killed servers leave sockets unclosed: nothing can be sent on them any longer. The garbage
# collector may find such a socket during any later test of the same process.
_LEAVE_SOCKETS = (
    "tests/app/http/response_cache/test_redis.py",
    "tests/observability/rate_limit/test_fallback.py",
    "tests/observability/rate_limit/test_bounds.py",
    "tests/observability/tracing/test_export.py",
    "tests/system/test_dashboards_alive.py",
    "tests/system/test_guessing_limits.py",
    "tests/system/test_jobs_under_kills.py",
    "tests/system/test_outages.py",
    "tests/system/test_rate_limits.py",
    "tests/versions/test_response_cache.py",
)
_UNCLOSED = ("ignore", "Exception ignored in. <socket.socket", pytest.PytestUnraisableExceptionWarning)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[object]:
    """Collect without garbage collections, which take half of the time of a million objects that stay until the end.

    They are frozen, so that those during the tests do not visit them either.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leaves_sockets = config.stash[_SOCKETS_LEFT] = any(item.nodeid.startswith(_LEAVE_SOCKETS) for item in items)
    action, message, category = _UNCLOSED
    unclosed = f"{action}:{message}:pytest.{category.__name__}"
    for item in items:
        if item.nodeid.startswith(_SLOW):
            item.add_marker(pytest.mark.slow)
        if leaves_sockets:
            item.add_marker(pytest.mark.filterwarnings(unclosed))
    items[:] = arrange(items, config.stash[_ORDER], recorded_costs())


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ORDER] = choose_order()
    config.pluginmanager.register(CostRecorder())
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[_DSN] = worker["dsn"]
        return
    if config.option.collectonly:
        return
    for name in list(os.environ):
        if name.startswith("STRATA_"):
            del os.environ[name]
    run_name()
    server = TestServer()
    config.stash[_SERVER] = server
    config.stash[_DSN] = server.start()
    asyncio.run(server.prepare())
    server.migrate_template()
    config.pluginmanager.register(CostReport(server.cpu_seconds))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    order = config.stash[_ORDER]
    terminalreporter.write_line(f"Order: {order}. TESTS_ORDER={order} repeats it.")


def pytest_configure_node(node: object) -> None:
    node.workerinput["dsn"] = node.config.stash[_DSN]


def pytest_xdist_auto_num_workers() -> int:
    # Slow tests wait for a scrape, a timeout or a restart half of their time; meanwhile another worker uses the core.
    cores = os.cpu_count() or 1
    return cores + 1 if _FAST else 2 * cores + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SlowestFirst:
    return SlowestFirst(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    if nextitem is None or nextitem.path != item.path:
        asyncio.run(drop_created())


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(_SOCKETS_LEFT, False):
        # pytest collects garbage once more after the last test, outside of the filters of the tests.
        action, message, category = _UNCLOSED
        warnings.filterwarnings(action, message, category)
    if (server := config.stash.get(_SERVER, None)) is not None:
        asyncio.run(server.drop_all())
        server.stop()


@pytest.fixture(scope="session")
def admin_dsn(request: pytest.FixtureRequest) -> str:
    """The server's own database, from which others are created."""
    return request.config.stash[_DSN]


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashing() -> Iterator[None]:
    with cheap_hashing():
        yield


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once() -> Iterator[None]:
    """Each client of ``httpx2`` would read the certificates of the system again, in 20 ms of CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def _generous_plans() -> Iterator[None]:
    with plans_with(POLICIES):
        yield


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(
        home=tmp_path_factory.mktemp("home"),
        auth={"logins_per_minute": 100_000},
        # Five times the defaults, which concurrent requests would reach on a busy machine.
        database={"connect_timeout": 25, "statement_timeout": 35, "lock_timeout": 25},
        http={"request_timeout": 40},
        log={"format": "json"},
        rate_limit=GENEROUS,
        # A client inside of the process receives a response when it ends.
        realtime={"max_connection_seconds": 0.2},
    )


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis for the tests of one file."""
    with tempfile.TemporaryDirectory(prefix="strata-redis-") as folder, running_redis(Path(folder)) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_dsn(admin_dsn: str, worker_id: str) -> str:
    """This worker's database, for the owner of its tables."""
    return owner_dsn(await clone(admin_dsn, worker_id, whole_run=True))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    """One connection for all tests of a worker in turn: a test that closes it gets the next one a new one."""
    engine = shared_engine(
        database_dsn,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        # The codec of ``RollbackDatabase`` has decoded the value already, where a test uses one.
        json_deserializer=lambda value: orjson.loads(value) if isinstance(value, str | bytes) else value,
    )
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def test_app(engine: AsyncEngine, settings: Settings) -> AsyncIterator[TestApp]:
    """An application in a transaction that is rolled back."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        runtime = Runtime.build(settings, await RollbackDatabase.of(connection))
        yield TestApp(create_app(settings), runtime)
        await transaction.rollback()


@pytest_asyncio.fixture(loop_scope="session")
async def concurrent_app(admin_dsn: str, settings: Settings) -> AsyncIterator[TestApp]:
    """An application with a database of its own, so that transactions run concurrently."""
    dsn = await clone(admin_dsn, "live")
    database = await Database.open(dsn, settings[DatabaseSettings])
    yield TestApp(create_app(settings), Runtime.build(settings, database))
    await database.close()
    await drop(admin_dsn, dsn)
