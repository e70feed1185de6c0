"""``strata worker``: runs background jobs."""

import asyncio
import signal
from contextlib import ExitStack

from pydantic import SecretStr

from app.cli.kit import parent_pipe
from app.cli.kit.environment import reachable, read_settings, running_database, runs_folder, wait_until_migrated
from app.cli.kit.listeners import serve_metrics
from app.cli.kit.signals import exit_on_shutdown_signal
from app.settings.database import DatabaseSettings
from app.settings.log import LogSettings
from app.settings.root import Settings
from app.settings.worker import WorkerSettings
from observability.logs.configuration import configure
from observability.logs.level import LevelControl
from observability.metrics.metrics import Metrics
from observability.run_folder import RunFolder, create_run_folder


def worker() -> None:
    """Run background jobs (mail) until stopped. Any number of workers may run, on any number of machines.

    The database is STRATA_DATABASE__URL, or the embedded server that `strata up` runs for the same STRATA_HOME. While
    it is down, the worker waits for it, at start and later.
    """
    parent_pipe.exit_with_parent()
    exit_on_shutdown_signal()
    settings = read_settings()
    configure(settings[LogSettings].level, settings[LogSettings].format)
    dsn = running_database(settings)
    wait_until_migrated(dsn)
    database = settings[DatabaseSettings].model_copy(update={"url": SecretStr(dsn)})
    settings = settings.with_groups(database)
    metrics = Metrics()
    with create_run_folder(runs_folder(settings.home)) as folder, ExitStack() as stack:
        if (port := settings[WorkerSettings].metrics_port) is not None:
            stack.enter_context(serve_metrics(settings, metrics.registry, port))
        with reachable():
            asyncio.run(_run(settings, metrics, RunFolder(folder)))


async def _run(settings: Settings, metrics: Metrics, folder: RunFolder) -> None:
    from app.worker import run  # noqa: PLC0415 - only this command needs the import

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with LevelControl(folder, settings[LogSettings].level, settings[LogSettings].format).handle_signals():
        await run(settings, stop, metrics)
