"""``strata up``: runs the database, the worker and the API."""

import asyncio
import http.client
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from rich.text import Text

from app.auth.key_rotation import Rotation
from app.cli.kit.bootstrap import Credentials, credentials_path, ensure_credentials
from app.cli.kit.environment import (
    OwnedDatabase,
    home_lock,
    owned_by,
    owned_database,
    reachable,
    read_settings,
    wait_while_down,
)
from app.cli.kit.output import CommandError, say
from app.cli.kit.ports import free_port
from app.cli.kit.signals import ShutdownRequested, ShutdownSignals
from app.cli.kit.supervisor import DatabaseSupervisor, Supervisor
from app.kit.clock import utc_now
from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres
from app.kit.restarts import RestartCounts
from app.lifecycle.version import VersionStatus
from app.settings.auth import AuthSettings
from app.settings.database import DatabaseSettings
from app.settings.errors import variable
from app.settings.http import HttpSettings
from app.settings.log import LogSettings
from app.settings.root import Settings
from app.settings.tracing import TracingSettings
from app.settings.worker import WorkerSettings
from observability.logs.configuration import configure

_READY_SECONDS: Final = 180
"""Until the start counts as hanging. A busy machine may need minutes; a process that ends is reported at once."""
_POLL_SECONDS: Final = 0.1
_STOP_SECONDS: Final = 10
"""What a process may need beyond the time that it grants to requests or jobs."""


def up() -> None:
    """Start everything: PostgreSQL, migrations, an admin with an API key, the worker and the API.

    A process that crashes later is restarted, five times within a minute at most. While another PostgreSQL is down, the
    command waits for it.

    Data, secrets and credentials are stored in STRATA_HOME (.strata by default). PORT sets the port,
    STRATA_DATABASE__URL another PostgreSQL. Ctrl-C stops everything; the data stays.
    """
    signals = ShutdownSignals()
    try:
        with signals.handle():
            settings = read_settings()
            with home_lock(settings.home):
                _run(settings, free_port(settings[HttpSettings]), signals)
    except ShutdownRequested:
        with suppress(OSError):
            say("Stopped.")


def _run(settings: Settings, port: int, signals: ShutdownSignals) -> None:
    url = settings[DatabaseSettings].url
    if url is not None:
        _run_with(settings, owned_database(settings), url.get_secret_value(), port, signals, _supervise_nothing)
        return
    server = EmbeddedPostgres(settings.home)
    try:
        say("Starting PostgreSQL ...")
        with signals.deferred():
            server.start()
        supervise = DatabaseSupervisor(server, RestartCounts(settings.home), signals)
        _run_with(settings, owned_by(server), server.application_dsn(), port, signals, supervise)
    finally:
        signals.disarm()
        with suppress(OSError):
            say("Stopping ...")
        server.stop()


def _supervise_nothing() -> None:
    """Another supervisor runs the database."""


def _run_with(
    settings: Settings,
    owned: OwnedDatabase,
    dsn: str,
    port: int,
    signals: ShutdownSignals,
    keep_database_running: Callable[[], None],
) -> None:
    http = settings[HttpSettings].model_copy(update={"port": port})
    configure(settings[LogSettings].level, settings[LogSettings].format)

    def prepare() -> Credentials:
        keep_database_running()
        with reachable():
            migrations.upgrade(owned.dsn, role=owned.role)
            return asyncio.run(ensure_credentials(settings, dsn, http.base_url))

    credentials = wait_while_down(prepare)
    kept_back = {"PORT", variable("database", "owner_url")}
    environment = {name: value for name, value in os.environ.items() if name not in kept_back} | {
        "STRATA_HOME": str(settings.home),
        "STRATA_DATABASE__URL": dsn,
        "STRATA_HTTP__PORT": str(port),
    }
    if not settings.production and settings[TracingSettings].sample_ratio == TracingSettings().sample_ratio:
        # Development has little traffic, so `strata traces` shows every request. A ratio from the environment wins.
        environment.setdefault(variable("tracing", "sample_ratio"), "1")
    with Supervisor(environment, RestartCounts(settings.home)) as supervisor:
        try:
            supervisor.start("API", ["serve"], settings[HttpSettings].shutdown_timeout + _STOP_SECONDS)
            supervisor.start("worker", ["worker"], settings[WorkerSettings].shutdown_timeout + _STOP_SECONDS)
            _wait_until_ready(supervisor, http, signals)
            if not settings.production:
                Rotation(settings.home, settings[AuthSettings]).record_use(utc_now())
            _show(settings, credentials, _versions(http.reachable_host, http.port))
            while True:
                keep_database_running()
                supervisor.keep_running()
                signals.check()
                time.sleep(_POLL_SECONDS)
        finally:
            signals.disarm()


def _wait_until_ready(supervisor: Supervisor, http: HttpSettings, signals: ShutdownSignals) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _ready(http.reachable_host, http.port):
        _ensure_running(supervisor)
        signals.check()
        if time.monotonic() > deadline:
            message = f"The API did not become ready within {_READY_SECONDS} seconds."
            raise CommandError(message, "The log above shows the reason; `strata doctor` reports details.")
        time.sleep(_POLL_SECONDS)


def _ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _ensure_running(supervisor: Supervisor) -> None:
    if (exited := supervisor.exited()) is not None:
        name, code = exited
        message = f"The {name} exited with code {code}; the other processes are stopped."
        raise CommandError(message, "The log above shows the reason; `strata doctor` checks the home and the database.")


def _versions(host: str, port: int) -> Sequence[Mapping[str, str]]:
    """The versions that serve requests, oldest first, from ``GET /api``: importing the registry takes a second."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/api")
        found: list[dict[str, str]] = json.loads(connection.getresponse().read())["versions"]
    finally:
        connection.close()
    return [version for version in found if version["status"] != VersionStatus.RETIRED]


def _show(settings: Settings, credentials: Credentials, versions: Sequence[Mapping[str, str]]) -> None:
    url, key = credentials.base_url, credentials.api_key
    rows = {
        "Front door": f"{url}/",
        **{f"{version['name']} docs": f"{url}{version['docs']}" for version in versions},
        "Health": f"{url}/health/ready",
        "Metrics": f"{url}/metrics",
        "Admin": credentials.admin_email,
        "Password": credentials.admin_password,
        "API key": key,
        "Stored in": str(credentials_path(settings.home)),
    }
    current = next((version for version in versions if version["status"] == VersionStatus.CURRENT), versions[-1])
    prefix = f"{url}{current['url']}"
    say("", Text("Strata is up.", style="bold green"), "")
    say(*(Text.assemble((f"  {name:<12}", "bold"), value) for name, value in rows.items()))
    say("", Text("  Try it:", style="bold"))
    say(f"  curl {prefix}/posts")
    say(f"  curl -H 'X-API-Key: {key}' {prefix}/me")
    body = f"""{{"title": "Hello", "content": "Written through {current["name"]}.", "status": "published"}}"""
    say(f"  curl -H 'X-API-Key: {key}' -H 'Content-Type: application/json' -d '{body}' {prefix}/posts")
    say("", "  Ctrl-C stops everything; the data stays.", "")
