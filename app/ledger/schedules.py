"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.kit.queue.schedules import Schedule, WorkerResources
from app.ledger.metrics import LedgerMetrics
from app.ledger.monitoring import LedgerMonitor
from app.ledger.operator import LedgerHousekeeping

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The nightly check of all entries, and the end of holds."""
    database, metrics = resources.database, resources.metrics.group(LedgerMetrics)

    async def check() -> None:
        found = await LedgerMonitor(database.reads, metrics).check_everything()
        _LOG.info("ledger_checked", violations=found.count)

    async def expire_holds() -> None:
        released = await LedgerHousekeeping(database, metrics).expire_holds()
        _LOG.info("holds_expired", holds=released)

    return [
        Schedule("ledger.check", "13 2 * * *", check),
        Schedule("ledger.expire_holds", "* * * * *", expire_holds),
    ]
