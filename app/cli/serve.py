"""``strata serve``: serves the API with uvicorn."""

import os
from contextlib import AbstractContextManager, ExitStack
from typing import Annotated, Final

import typer
import uvicorn
from pydantic import SecretStr

from app.cli.kit import parent_pipe
from app.cli.kit.environment import read_settings, running_database, runs_folder, wait_until_migrated
from app.cli.kit.listeners import serve_metrics, serve_on_port
from app.cli.kit.ports import free_port
from app.cli.kit.signals import exit_on_shutdown_signal
from app.cli.kit.workers import run_server
from app.http.server import loop
from app.http.server.protocol import LimitedHttpProtocol
from app.http.server.websockets import HandshakeWebSocketProtocol
from app.kit.restarts import RestartCounts
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.log import LogSettings
from app.settings.metrics import MetricsSettings
from app.settings.operations import OperationsSettings
from app.settings.realtime import RealtimeSettings
from app.settings.root import Settings
from observability.logs.configuration import configure
from observability.metrics.multiprocess.aggregation import MultiprocessMetrics
from observability.metrics.registry import Registry, consumer_table
from observability.run_folder import RunFolder, create_run_folder

# A worker process responds to health checks only after its imports. With uvicorn's default of 5 seconds, a busy machine
# would kill and restart each new worker process in an endless loop.
_WORKER_HEALTH_CHECK_SECONDS: Final = 20


def serve(
    workers: Annotated[int, typer.Option(min=1, help="Number of worker processes.")] = 1,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default STRATA_HTTP__HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; default PORT or STRATA_HTTP__PORT.")] = None,
) -> None:
    """Serve the API only; neither a background worker nor a database is started.

    The database is STRATA_DATABASE__URL, or the embedded server that `strata up` runs for the same STRATA_HOME. While
    it is down, the command waits for it.
    """
    parent_pipe.exit_with_parent()
    # uvicorn raises the signal again after its graceful shutdown.
    exit_on_shutdown_signal()
    settings = _with_address(read_settings(), host, port)
    _ensure_declared()
    http = settings[HttpSettings]
    configure(settings[LogSettings].level, settings[LogSettings].format)
    listening_port = free_port(http)
    dsn = running_database(settings)
    wait_until_migrated(dsn)
    # The factory reads the settings again, in this process or in each worker.
    os.environ.pop("PORT", None)
    os.environ |= {
        "STRATA_HOME": str(settings.home),
        "STRATA_DATABASE__URL": dsn,
        "STRATA_HTTP__HOST": http.host,
        "STRATA_HTTP__PORT": str(listening_port),
    }
    with create_run_folder(runs_folder(settings.home)) as folder, ExitStack() as stack:
        os.environ["STRATA_RUN_FOLDER"] = str(folder)
        if (metrics_port := settings[MetricsSettings].port) is not None:
            stack.enter_context(_metrics_server(settings, RunFolder(folder), metrics_port))
        operations = settings[OperationsSettings]
        if operations.port is not None and operations.token is not None:
            stack.enter_context(_operations_server(settings, dsn, operations.port, operations.token))
        message_bytes = settings[RealtimeSettings].max_message_bytes
        run_server(_server_config(http, listening_port, workers, message_bytes), RestartCounts(settings.home))


def _server_config(http: HttpSettings, port: int, workers: int, max_message_bytes: int) -> uvicorn.Config:
    return uvicorn.Config(
        "app.asgi:create_app",
        factory=True,
        host=http.host,
        port=port,
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        loop=loop.FACTORY,
        # Whoever connects waits no longer than for the requests in progress.
        backlog=http.max_concurrent_requests,
        http=LimitedHttpProtocol,
        ws=HandshakeWebSocketProtocol,
        timeout_graceful_shutdown=http.shutdown_timeout,
        timeout_worker_healthcheck=_WORKER_HEALTH_CHECK_SECONDS,
        ws_max_size=max_message_bytes,
        # Compression takes memory for each connection, and reveals secrets beside text that an attacker chose.
        ws_per_message_deflate=False,
        # X-Forwarded-For decides which address is rate limited, so only configured proxies may set it.
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=http.trusted_proxies,
    )


def _ensure_declared() -> None:
    from versions.kit.lifecycle_record import ensure_declared  # noqa: PLC0415 - only this command needs the import
    from versions.registry import VERSIONS  # noqa: PLC0415 - the same

    # Each worker process checks this again; here the error is one line instead of a traceback per process.
    ensure_declared(VERSIONS)


def _metrics_server(settings: Settings, folder: RunFolder, port: int) -> AbstractContextManager[None]:
    from versions.kit.tombstones import read_tombstones  # noqa: PLC0415 - as below
    from versions.registry import VERSIONS  # noqa: PLC0415 - the parent needs them only with a separate metrics port

    names = [version.name for version in (*VERSIONS, *read_tombstones())]
    consumers = consumer_table(names, settings[MetricsSettings].consumer_series, folder.metrics)
    return serve_metrics(settings, Registry(MultiprocessMetrics(folder.metrics), consumers), port)


def _operations_server(settings: Settings, dsn: str, port: int, token: SecretStr) -> AbstractContextManager[None]:
    from app.web.operations import operations_app  # noqa: PLC0415 - only with a port for operators

    app = operations_app(dsn, settings[DatabaseSettings], token.get_secret_value())
    return serve_on_port(settings, app, port)


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        http = HttpSettings.model_validate(settings[HttpSettings].model_dump() | given)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return settings.with_groups(http)
