"""``strata worker``: background jobs."""

import asyncio
import signal

from pydantic import SecretStr

from app.cli import lifeline
from app.cli.environment import ensure_migrated, reachable, read_settings, running_database
from app.settings import Settings
from observability.logging import configure


def worker() -> None:
    """Run background jobs (mail, for now) until stopped; start as many as you need, on any machine.

    The database is STRATA_DATABASE__URL, or the embedded server that `strata up` runs for the same STRATA_HOME.
    """
    lifeline.hold()
    settings = read_settings()
    dsn = running_database(settings)
    ensure_migrated(dsn)
    database = settings.database.model_copy(update={"url": SecretStr(dsn)})
    configure(settings.log.level, settings.log.format)
    with reachable():
        asyncio.run(_run(settings.model_copy(update={"database": database})))


async def _run(settings: Settings) -> None:
    from app.worker import run  # noqa: PLC0415 - only this command pays for the import

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run(settings, stop)
