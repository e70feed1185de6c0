"""The application and the worker as processes start them: every setting reaches its part, and all of them end."""

import asyncio
import platform
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app import main, wiring, worker
from app.errors import Unavailable
from app.http.lifecycle import LifecycleComponent
from app.http.usage import UsageComponent, UsageListener
from app.kit.build import RELEASE
from app.kit.db.database import Database
from app.kit.db.tracing import database_attributes
from app.kit.mail.mailbox import read_mailbox
from app.kit.mail.mailer import mailbox_folder
from app.kit.queue.metrics import QueueMetrics
from app.kit.queue.runner import RunnerSettings
from app.kit.restarts import RestartCounts
from app.lifecycle.metrics import VersionMetrics
from app.main import create_app
from app.settings.auth import AuthSettings
from app.settings.conformance import ConformanceSettings
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError
from app.settings.lifecycle import LifecycleSettings
from app.settings.loading import load_settings
from app.settings.log import LogSettings
from app.settings.root import Settings
from observability.conformance.metrics import ConformanceMetrics
from observability.metrics.metrics import Metrics
from observability.run_folder import RunFolder
from observability.tracing.metrics import SpanMetrics
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp, WithState
from tests.support.recorded_tracing import RecordedTracing
from tests.support.transactions import dsn_of
from tests.support.waiting import PATIENCE, eventually
from versions.registry import VERSIONS

_OPEN = Database.open


@pytest.fixture
def settings_here(concurrent_app: TestApp, tmp_path: Path) -> Settings:
    """The settings of a process with this database and a home of its own."""
    key = concurrent_app.runtime.settings[AuthSettings].signing_key
    assert key is not None
    return load_settings(
        home=tmp_path,
        auth={"signing_key": key.get_secret_value()},
        database={"url": dsn_of(concurrent_app), "connect_timeout": 21, "statement_timeout": 22},
        worker={"heartbeat": 23, "concurrency": 24},
    )


class Opened:
    """Opens databases and remembers them with their settings."""

    def __init__(self) -> None:
        self.databases: list[Database] = []
        self.settings: list[tuple[str, DatabaseSettings]] = []

    async def __call__(self, dsn: str, settings: DatabaseSettings, *metrics: Any) -> Database:
        self.databases.append(await _OPEN(dsn, settings, *metrics))
        self.settings.append((dsn, settings))
        return self.databases[-1]

    async def ensure_closed(self) -> None:
        for database in self.databases:
            with pytest.raises(Unavailable):
                await database.ping()


async def lines_of(client: httpx2.AsyncClient) -> set[str]:
    response = await client.get("/metrics")
    assert response.status_code == 200
    return set(response.text.splitlines())


async def test_a_process_measures_its_parts_while_it_serves(concurrent_app: TestApp, settings_here: Settings) -> None:
    RestartCounts(settings_here.home).add("worker")
    opened = Opened()
    app = create_app(settings_here, open_database=opened)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        transport = httpx2.ASGITransport(app=WithState(app, state))
        async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as client:
            assert (await client.get("/health/ready")).status_code == 200
            assert (await client.get("/api/v2/posts")).status_code == 200
            redirect = await client.get("/api/v2/posts/")
            assert redirect.status_code == 404, "a path has one spelling"
            for version in VERSIONS:
                labels = f'api_version="{version.name}",status="{version.status}",successor="{version.successor or ""}"'
                line = f"api_version_info{{{labels}}} 1.0"

                async def exposed(line: str = line) -> bool:
                    return line in await lines_of(client)

                await eventually(exposed)
            expected = {
                'process_restarts{process="worker"} 1.0',
                'process_restarts{process="api"} 0.0',
                'job_queue_depth{kind="auth.send_token"} 0.0',
                "db_available 1.0",
                "job_workers 0.0",
            }

            async def measured() -> bool:
                return expected <= await lines_of(client)

            await eventually(measured)
        assert opened.settings == [(dsn_of(concurrent_app), settings_here[DatabaseSettings])]
    await opened.ensure_closed()


async def test_a_worker_runs_jobs_until_it_is_stopped(
    concurrent_app: TestApp, settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Opened()
    monkeypatch.setattr(worker.Database, "open", opened)
    await concurrent_app.person("ada@example.com")
    async with concurrent_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": "ada@example.com"})
    metrics, stop = Metrics(), asyncio.Event()

    async def sent() -> bool:
        return bool(read_mailbox(mailbox_folder(settings_here.home)))

    with capture_logs() as lines:
        running = asyncio.create_task(worker.run(settings_here, stop, metrics))
        await eventually(sent)
        stop.set()
        await asyncio.wait_for(running, PATIENCE)
    assert [mail.to for mail in read_mailbox(mailbox_folder(settings_here.home))] == ["ada@example.com"]
    assert opened.settings == [(dsn_of(concurrent_app), settings_here[DatabaseSettings])]
    await opened.ensure_closed()
    events = [line["event"] for line in lines]
    assert (events[0], events[-1]) == ("worker_started", "worker_stopped")
    text = generate_latest(metrics.registry).decode()
    for job in ("auth.reset_requested", "auth.send_token"):
        assert f'job_attempts_total{{kind="{job}",outcome="success"}} 1.0' in text
        assert f'job_attempts_total{{kind="{job}",outcome="failure"}} 0.0' in text


async def test_every_setting_of_a_worker_reaches_its_part(
    concurrent_app: TestApp, settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runners: list[tuple[Any, ...]] = []
    traced: list[object] = []
    stop, opened = asyncio.Event(), Opened()

    class Runner:
        def __init__(self, *given: Any) -> None:
            runners.append(given)

        async def run(self, until: asyncio.Event) -> None:
            assert until is stop
            message = "a defect"
            raise RuntimeError(message)

    metrics = Metrics()
    monkeypatch.setattr(worker, "QueueRunner", Runner)
    monkeypatch.setattr(worker, "Tracing", partial(RecordedTracing, traced))
    monkeypatch.setattr(worker.Database, "open", opened)
    started, metrics = spy_tracing(monkeypatch), Metrics()
    with pytest.raises(RuntimeError, match="a defect"):
        await worker.run(settings_here, stop, metrics)
    assert started == [(metrics.group(SpanMetrics), database_attributes(dsn_of(concurrent_app)))]
    unsigned = load_settings(generate=False, database={"url": dsn_of(concurrent_app)})
    with pytest.raises(SettingsError, match="STRATA_AUTH__SIGNING_KEY must be set"):
        await worker.run(unsigned, stop, metrics)
    await opened.ensure_closed()
    ((settings, _, _),) = runners
    assert settings == RunnerSettings(opened.settings[0][0], 21, 22, 23, 24)
    config = wiring.tracing_config(settings_here, "strata-worker")
    assert traced == [config, database_attributes(opened.settings[0][0]), "closed"]
    build = {"version": RELEASE, "python": platform.python_version()}
    assert metrics.registry.get_sample_value("strata_build_info", build) == 1


class Checker:
    """A contract checker that remembers what started and ended it."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def start(self, metrics: object) -> None:
        self.calls.append(metrics)

    def close(self) -> None:
        self.calls.append("closed")


def spy(monkeypatch: pytest.MonkeyPatch, name: str, *, instead: Any = None) -> list[tuple[Any, ...]]:
    """The arguments of each call of a function or class that main.py uses."""
    calls: list[tuple[Any, ...]] = []
    used = instead or getattr(main, name)

    def spied(*given: Any, **named: Any) -> Any:
        calls.append((*given, *named.values()))
        return used(*given, **named)

    monkeypatch.setattr(main, name, spied)
    return calls


def spy_tracing(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The arguments with which tracing starts."""
    started: list[tuple[Any, ...]] = []
    start = Tracing.start

    def traced(tracing: Tracing, *given: Any) -> None:
        started.append(given)
        start(tracing, *given)

    monkeypatch.setattr(Tracing, "start", traced)
    return started


COLLABORATORS = (
    *("Tracing", "install", "_observability", "tracing_config", "LifecycleSync", "lifecycle_sync_running"),
    *("sampler_running", "Backlog", "run_logged", "repeat"),
)


async def test_every_part_of_a_server_process_gets_its_collaborators(
    concurrent_app: TestApp, settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_here.with_groups(LogSettings(level="warning", format="json"))
    folder = RunFolder(settings.home / "run")
    folder.metrics.mkdir(parents=True)
    settings = settings.model_copy(update={"run_folder": settings.home / "run"})
    opened, checker = Opened(), Checker()
    checkers = spy(monkeypatch, "contract_checker", instead=lambda *_: checker)
    levels = spy(monkeypatch, "LevelControl", instead=lambda *_: SimpleNamespace(handle_signals=nullcontext))
    tracers, installed, observed, built, synced, running, sampled, queues, tried, repeated = (
        spy(monkeypatch, name) for name in COLLABORATORS
    )
    started = spy_tracing(monkeypatch)
    app = create_app(settings, open_database=opened)
    assert checkers == [(settings, {version.name: version.prefix for version in VERSIONS})]
    assert built == [(settings, "strata")]
    assert tracers == [(wiring.tracing_config(settings, "strata"),)]
    ((installed_app, configuration, tracing, installed_checker, (usage,)),) = installed
    assert isinstance(usage, UsageListener)
    assert (installed_app, installed_checker) == (app, checker)
    assert isinstance(tracing, Tracing)
    assert checker.calls == [], "the checker starts in the process that serves"
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        (database,) = opened.databases
        runtime = state["runtime"]
        metrics = runtime.metrics

        async def is_repeated() -> bool:
            return bool(repeated)

        await eventually(is_repeated)
        lifecycle = runtime.get(LifecycleComponent)
        versions = metrics.group(VersionMetrics)
        assert synced == [(lifecycle.schedule, database, VERSIONS, versions)]
        ((_, *others),) = running
        assert others == [runtime.get(UsageComponent).flush, settings[LifecycleSettings]]
        assert sampled == [(metrics,)]
        assert checker.calls == [metrics.group(ConformanceMetrics)]
        assert started == [(metrics.group(SpanMetrics), database_attributes(dsn_of(concurrent_app)))]
        assert queues == [(database.reads, metrics.group(QueueMetrics), wiring.job_names())]
        assert [level[1:] for level in levels] == [("warning", "json")]
        assert levels[0][0].level == folder.level
        assert [event for event, _ in tried] == ["restarts_not_read"]
        assert repeated == [("restarts_not_read", tried[0][1], 5.0)]
        assert [configuration.lifecycle(version.name) for version in VERSIONS] == [
            version.status for version in VERSIONS
        ]
        assert observed[0][0] is settings
    assert checker.calls[1:] == ["closed"]
    await opened.ensure_closed()


async def test_a_process_without_checks_ends(settings_here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = spy(monkeypatch, "LevelControl")
    settings = settings_here.with_groups(ConformanceSettings(sample_ratio=0))
    app = create_app(settings, open_database=Opened())
    async with app.router.lifespan_context(app):
        pass
    assert levels == [], "a process without a run folder has no other processes"
