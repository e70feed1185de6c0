"""``strata up``: everything, with one command."""

import asyncio
import http.client
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import Final

from rich.text import Text

from app.cli.bootstrap import Credentials, credentials_path, ensure_credentials
from app.cli.children import Children
from app.cli.environment import home_lock, reachable, read_settings
from app.cli.output import CommandError, say
from app.cli.ports import free_port, local_url, reachable_host
from app.db import migrate
from app.db.embedded import EmbeddedPostgres
from app.secrets import variable
from app.settings import Settings, TracingSettings

_READY_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked for the end; like ``KeyboardInterrupt``, nothing but the end may catch it."""


def up() -> None:
    """Start everything: PostgreSQL, migrations, an admin with an API key, the worker and the API.

    Data, secrets and credentials live in STRATA_HOME (.strata by default). PORT chooses the port, STRATA_DATABASE__URL
    another PostgreSQL. Ctrl-C stops everything; the data stays.
    """
    settings = read_settings()
    with home_lock(settings.home):
        port = free_port(settings.http)
        external = settings.database.url
        server = None if external is not None else EmbeddedPostgres(settings.home)
        with _stoppable(), _stopping_last(server):
            if server is not None:
                say("Starting PostgreSQL ...")
                dsn = server.start()
            else:
                dsn = external.get_secret_value() if external is not None else ""
            _run(settings, dsn, port)


def _run(settings: Settings, dsn: str, port: int) -> None:
    base_url = local_url(settings.http, port)
    with reachable():
        migrate.upgrade(dsn)
        credentials = asyncio.run(ensure_credentials(settings, dsn, base_url))
    environment = {name: value for name, value in os.environ.items() if name != "PORT"} | {
        "STRATA_HOME": str(settings.home),
        "STRATA_DATABASE__URL": dsn,
        "STRATA_HTTP__PORT": str(port),
    }
    if not settings.production and settings.tracing.sample_ratio == TracingSettings().sample_ratio:
        # One developer's traffic: `strata traces` is to show every request. A ratio from the environment wins.
        environment.setdefault(variable("tracing", "sample_ratio"), "1")
    with Children(environment, grace=settings.http.shutdown_timeout + 5) as children:
        children.start("API", ["serve"])
        children.start("worker", ["worker"])
        _await_ready(children, settings.http.host, port)
        _show(settings, credentials)
        while True:
            _ensure_complete(children)
            time.sleep(_POLL_SECONDS)


def _await_ready(children: Children, host: str, port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _ready(reachable_host(host), port):
        _ensure_complete(children)
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


@contextmanager
def _stoppable() -> Iterator[None]:
    """End the block on a signal, and let nothing interrupt what cleans up behind it."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Ignored from here on: a second Ctrl-C would leave processes behind.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    except Stopped:
        with suppress(OSError):
            say("Stopped.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _stopping_last(server: EmbeddedPostgres | None) -> Iterator[None]:
    try:
        yield
    finally:
        with nullcontext() if server is None else suppress(OSError):
            say("Stopping ...")
        if server is not None:
            server.stop()


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
