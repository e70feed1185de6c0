"""``strata up``: everything, with one command."""

import asyncio
import http.client
import os
import time
from contextlib import suppress
from typing import Final

from rich.text import Text

from app.cli.kit.bootstrap import Credentials, credentials_path, ensure_credentials
from app.cli.kit.environment import home_lock, reachable, read_settings
from app.cli.kit.output import CommandError, say
from app.cli.kit.ports import free_port
from app.cli.kit.signals import Interruption, Stopped
from app.cli.kit.supervisor import Children
from app.kit.db import migrations
from app.kit.db.embedded import EmbeddedPostgres
from app.settings.database import DatabaseSettings
from app.settings.errors import variable
from app.settings.http import HttpSettings
from app.settings.root import Settings
from app.settings.tracing import TracingSettings

_READY_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1


def up() -> None:
    """Start everything: PostgreSQL, migrations, an admin with an API key, the worker and the API.

    Data, secrets and credentials live in STRATA_HOME (.strata by default). PORT chooses the port, STRATA_DATABASE__URL
    another PostgreSQL. Ctrl-C stops everything; the data stays.
    """
    interruption = Interruption()
    try:
        with interruption.watched():
            settings = read_settings()
            with home_lock(settings.home):
                _run(settings, free_port(settings[HttpSettings]), interruption)
    except Stopped:
        with suppress(OSError):
            say("Stopped.")


def _run(settings: Settings, port: int, interruption: Interruption) -> None:
    url = settings[DatabaseSettings].url
    if url is not None:
        _run_with(settings, url.get_secret_value(), port, interruption)
        return
    server = EmbeddedPostgres(settings.home)
    try:
        say("Starting PostgreSQL ...")
        with interruption.postponed():
            dsn = server.start()
        _run_with(settings, dsn, port, interruption)
    finally:
        interruption.hold()
        with suppress(OSError):
            say("Stopping ...")
        server.stop()


def _run_with(settings: Settings, dsn: str, port: int, interruption: Interruption) -> None:
    http = settings[HttpSettings].model_copy(update={"port": port})
    with reachable():
        migrations.upgrade(dsn)
        credentials = asyncio.run(ensure_credentials(settings, dsn, http.base_url))
    environment = {name: value for name, value in os.environ.items() if name != "PORT"} | {
        "STRATA_HOME": str(settings.home),
        "STRATA_DATABASE__URL": dsn,
        "STRATA_HTTP__PORT": str(port),
    }
    if not settings.production and settings[TracingSettings].sample_ratio == TracingSettings().sample_ratio:
        # One developer's traffic: `strata traces` is to show every request. A ratio from the environment wins.
        environment.setdefault(variable("tracing", "sample_ratio"), "1")
    with Children(environment, grace=settings[HttpSettings].shutdown_timeout + 5) as children:
        try:
            children.start("API", ["serve"])
            children.start("worker", ["worker"])
            _await_ready(children, http, interruption)
            _show(settings, credentials)
            while True:
                _ensure_complete(children)
                interruption.check()
                time.sleep(_POLL_SECONDS)
        finally:
            interruption.hold()


def _await_ready(children: Children, http: HttpSettings, interruption: Interruption) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _ready(http.reachable_host, http.port):
        _ensure_complete(children)
        interruption.check()
        if time.monotonic() > deadline:
            message = f"The API did not become ready within {_READY_SECONDS} seconds."
            raise CommandError(message, "Its log above says why; `strata doctor` looks closer.")
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


def _ensure_complete(children: Children) -> None:
    if (ended := children.ended()) is not None:
        name, code = ended
        message = f"The {name} ended with exit code {code}; the rest is stopped."
        raise CommandError(message, "Its log above says why. `strata up` starts again; the data is safe.")


def _show(settings: Settings, credentials: Credentials) -> None:
    url, key = credentials.base_url, credentials.api_key
    rows = {
        "Front door": f"{url}/",
        "v1 docs": f"{url}/api/v1/docs",
        "v2 docs": f"{url}/api/v2/docs",
        "Health": f"{url}/health/ready",
        "Metrics": f"{url}/metrics",
        "Admin": credentials.admin_email,
        "Password": credentials.admin_password,
        "API key": key,
        "Kept in": str(credentials_path(settings.home)),
    }
    say("", Text("Strata is up.", style="bold green"), "")
    say(*(Text.assemble((f"  {name:<12}", "bold"), value) for name, value in rows.items()))
    say("", Text("  Try it:", style="bold"))
    say(f"  curl {url}/api/v1/posts")
    say(f"  curl -H 'X-API-Key: {key}' {url}/api/v2/me")
    body = """'{"title": "Hello", "content": "Written through v2.", "status": "published"}'"""
    say(f"  curl -H 'X-API-Key: {key}' -H 'Content-Type: application/json' -d {body} {url}/api/v2/posts")
    say("", "  Ctrl-C stops everything; the data stays.", "")
