"""``strata up``: what its processes are started with."""

from types import SimpleNamespace
from typing import Any, Self

import pytest

from app.cli import up
from app.cli.kit.environment import OwnedDatabase
from app.cli.kit.signals import ShutdownRequested
from app.settings.http import HttpSettings
from app.settings.root import Settings
from app.settings.worker import WorkerSettings

DSN, OWNER = "postgresql://strata@db/strata", "postgresql://owner:secret@db/strata"


class Children:
    """Stands for the supervisor: records what is started, and ends the run at the first look."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self.started: list[tuple[Any, ...]] = []

    def __call__(self, environment: dict[str, str], _counts: object) -> Self:
        self.environment = environment
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def start(self, *arguments: Any) -> None:
        self.started.append(arguments)

    def keep_running(self) -> None:
        raise ShutdownRequested


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    children = Children()

    async def credentials(*_: object) -> None: ...

    monkeypatch.setattr(up, "Supervisor", children)
    monkeypatch.setattr(up, "ensure_credentials", credentials)
    for name in ("_wait_until_ready", "_show", "_versions", "configure"):
        monkeypatch.setattr(up, name, lambda *_: None)
    return children


@pytest.mark.parametrize("environment", ["development", "production"])
def test_the_processes_get_the_database_without_the_credentials_of_its_owner(
    settings: Settings, children: Children, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    upgraded: list[object] = []
    used: list[object] = []
    monkeypatch.setattr(up.migrations, "upgrade", lambda dsn, role: upgraded.append((dsn, role)))
    monkeypatch.setattr(up.Rotation, "record_use", lambda _self, now: used.append(now))
    for name, value in {"STRATA_DATABASE__OWNER_URL": OWNER, "PORT": "80", "STRATA_LOG__LEVEL": "warning"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STRATA_TRACING__SAMPLE_RATIO", raising=False)
    signals: Any = SimpleNamespace(check=lambda: None, disarm=lambda: None)
    own = settings.model_copy(update={"environment": environment})
    with pytest.raises(ShutdownRequested):
        up._run_with(own, OwnedDatabase(OWNER, "strata"), DSN, 8123, signals, lambda: None)
    assert upgraded == [(OWNER, "strata")]
    assert OWNER not in children.environment.values()
    assert "PORT" not in children.environment
    chosen = ("STRATA_HOME", "STRATA_DATABASE__URL", "STRATA_HTTP__PORT", "STRATA_LOG__LEVEL")
    assert [children.environment[name] for name in chosen] == [str(settings.home), DSN, "8123", "warning"]
    developing = environment == "development"
    assert children.environment.get("STRATA_TRACING__SAMPLE_RATIO") == ("1" if developing else None)
    assert bool(used) is developing
    assert children.started == [
        ("API", ["serve"], settings[HttpSettings].shutdown_timeout + 10),
        ("worker", ["worker"], settings[WorkerSettings].shutdown_timeout + 10),
    ]


def test_a_chosen_share_of_traces_is_kept(
    settings: Settings, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up.migrations, "upgrade", lambda *_, **__: None)
    monkeypatch.setattr(up.Rotation, "record_use", lambda *_: None)
    monkeypatch.setenv("STRATA_TRACING__SAMPLE_RATIO", "0.1")
    signals: Any = SimpleNamespace(check=lambda: None, disarm=lambda: None)
    with pytest.raises(ShutdownRequested):
        up._run_with(settings, OwnedDatabase(OWNER, "strata"), DSN, 8123, signals, lambda: None)
    assert children.environment["STRATA_TRACING__SAMPLE_RATIO"] == "0.1"
