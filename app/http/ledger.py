"""Checks the ledger in the background, and exposes what the checks find."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.http.runtime import Component, Runtime
from app.kit.background import repeat_from_now, tasks_running
from app.kit.db.database import UnitOfWork
from app.ledger.metrics import LedgerMetrics
from app.ledger.monitoring import LedgerMonitor

CHECK_SECONDS: Final = 15.0


class LedgerComponent(Component):
    """Checks balances and recent transfers every ``CHECK_SECONDS``, in each process: 5 ms."""

    def __init__(self, database: UnitOfWork, metrics: LedgerMetrics) -> None:
        self._database = database
        self.metrics = metrics

    @classmethod
    def build(cls, runtime: Runtime) -> "LedgerComponent":
        """No settings are needed."""
        return cls(runtime.database, runtime.metrics.group(LedgerMetrics))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See ``Component``."""
        monitor = LedgerMonitor(self._database.reads, self.metrics)
        async with tasks_running(repeat_from_now("ledger_not_checked", monitor.check_recent, CHECK_SECONDS)):
            yield
