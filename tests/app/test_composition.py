"""The application and the worker as processes start them: every setting reaches its part, and all of them end."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app import main, wiring, worker
from app.errors import Unavailable
from app.kit.build import RELEASE
from app.kit.db.database import Database
from app.kit.mail.mailbox import read_mailbox
from app.kit.mail.mailer import mailbox_folder
from app.kit.queue.runner import RunnerSettings
from app.kit.restarts import RestartCounts
from app.main import create_app
from app.settings.auth import AuthSettings
from app.settings.database import DatabaseSettings
from app.settings.loading import load_settings
from app.settings.root import Settings
from observability.config import CorsPolicy, ObservabilityConfig
from observability.conformance.checker import ConformanceConfig
from observability.metrics.metrics import Metrics
from observability.run_folder import RunFolder
from observability.tracing.config import TracingConfig
from observability.tracing.tracer import Tracing
from tests.support.app import TestApp, WithState
from tests.support.transactions import dsn_of
from tests.support.waiting import PATIENCE, eventually

_OPEN = Database.open
TRACING = {"sample_ratio": 0.5, "slow_threshold": 2.0, "timeout": 3.0, "trust_parent": True}


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


def test_the_configuration_of_tracing(tmp_path: Path) -> None:
    endpoint = "http://collector:4318"
    for chosen, ring in (({"endpoint": endpoint}, None), ({}, tmp_path / "traces")):
        settings = load_settings(home=tmp_path, tracing={**TRACING, **chosen})
        assert wiring.tracing_config(settings, "strata-test") == TracingConfig(
            service="strata-test",
            version=RELEASE,
            environment="development",
            endpoint=chosen.get("endpoint"),
            timeout=3.0,
            sample_ratio=0.5,
            slow_threshold=2.0,
            trust_parent=True,
            ring=ring,
        )


def test_the_contracts_that_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[ConformanceConfig] = []
    monkeypatch.setattr(wiring, "ConformanceChecker", built.append)
    (tmp_path / "v2.openapi.json").touch()
    prefixes = {"v1": "/api/v1", "v2": "/api/v2"}
    for contracts in (tmp_path, None):
        given = {"sample_ratio": 0.5, "max_body_bytes": 4321, "contracts": contracts}
        wiring.contract_checker(load_settings(home=tmp_path, conformance=given), prefixes)
    first, second = built
    assert first == ConformanceConfig(contracts={"v2": ("/api/v2", tmp_path / "v2.openapi.json")}, body_bytes=4321)
    found = {name: (prefix, path.name) for name, (prefix, path) in second.contracts.items()}
    assert found == {name: (prefix, f"{name}.openapi.json") for name, prefix in prefixes.items()}
    assert all(path.is_file() for _, path in second.contracts.values())


def test_the_configuration_of_observability(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        run_folder=tmp_path / "run",
        http={"cors_origins": ["https://a.example"], "cors_allow_credentials": True},
        log={"level": "warning", "format": "json"},
        metrics={"consumer_series": 777},
        conformance={"sample_ratio": 0.25},
    )
    found = main._observability(settings, str.upper, [])
    assert found == ObservabilityConfig(
        release=RELEASE,
        lifecycle=str.upper,
        mounts={"/api/v1": "v1", "/api/v2": "v2"},
        cors=CorsPolicy(allow_origins=("https://a.example",), allow_credentials=True),
        log_level="warning",
        log_format="json",
        deprecated_versions=frozenset({"v1"}),
        metrics_folder=RunFolder(tmp_path / "run").metrics,
        consumer_series=777,
        conformance_ratio=0.25,
    )
    assert main._observability(load_settings(home=tmp_path), str.upper, []).metrics_folder is None


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
            for version, status in (("v1", "deprecated"), ("v2", "current")):
                successor = "v2" if version == "v1" else ""
                line = f'api_version_info{{api_version="{version}",status="{status}",successor="{successor}"}} 1.0'

                async def exposed(line: str = line) -> bool:
                    return line in await lines_of(client)

                await eventually(exposed)
            expected = {
                'process_restarts{process="worker"} 1.0',
                'process_restarts{process="api"} 0.0',
                'job_queue_depth{job="auth.send_token"} 0.0',
                "db_available 1.0",
                "job_workers 0.0",
            }
            assert expected <= await lines_of(client)
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
        assert f'job_attempts_total{{job="{job}",outcome="success"}} 1.0' in text
        assert f'job_attempts_total{{job="{job}",outcome="failure"}} 0.0' in text


async def test_every_setting_of_a_worker_reaches_its_part(
    settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runners: list[tuple[Any, ...]] = []
    traced: list[TracingConfig] = []
    stop, opened = asyncio.Event(), Opened()

    class Runner:
        def __init__(self, *given: Any) -> None:
            runners.append(given)

        async def run(self, until: asyncio.Event) -> None:
            assert until is stop
            message = "a defect"
            raise RuntimeError(message)

    def tracing(config: TracingConfig) -> Tracing:
        traced.append(config)
        return Tracing(config)

    monkeypatch.setattr(worker, "QueueRunner", Runner)
    monkeypatch.setattr(worker, "Tracing", tracing)
    monkeypatch.setattr(worker.Database, "open", opened)
    with pytest.raises(RuntimeError, match="a defect"):
        await worker.run(settings_here, stop, Metrics())
    await opened.ensure_closed()
    ((settings, _, _),) = runners
    assert settings == RunnerSettings(opened.settings[0][0], 21, 22, 23, 24)
    assert traced == [wiring.tracing_config(settings_here, "strata-worker")]
