"""Reports what the checks of the ledger find, as metrics and in the log."""

from typing import Final

import structlog

from app.kit.db.sessions import ReadSession
from app.ledger.metrics import LedgerMetrics
from app.ledger.queries import LedgerCheckQueries
from app.ledger.views import Violations

_LOG: Final = structlog.get_logger()


class LedgerMonitor:
    """Runs checks in the background."""

    def __init__(self, reads: ReadSession, metrics: LedgerMetrics) -> None:
        self._checks = LedgerCheckQueries(reads)
        self._metrics = metrics

    async def check_recent(self) -> None:
        """Check the balances and the last transfers. Raises ``Unavailable``."""
        self._report("balances", await self._checks.balances())
        self._report("transfers", await self._checks.recent_transfers())
        self._metrics.pending_holds.set(await self._checks.pending_holds())

    async def check_everything(self) -> Violations:
        """Check every transfer and every account. Raises ``Unavailable``."""
        found = await self._checks.everything()
        self._report("all", found)
        return found

    def _report(self, check: str, found: Violations) -> None:
        self._metrics.imbalance.labels(check).set(found.count)
        if found.count:
            _LOG.error(
                "ledger_imbalance",
                check=check,
                currencies=found.currencies,
                transfers=found.transfers,
                accounts=found.accounts,
            )
