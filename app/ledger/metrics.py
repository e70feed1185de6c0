"""The instruments of the ledger."""

from typing import Final

from app.ledger.errors import (
    AccountBusy,
    AccountClosed,
    AlreadyReversed,
    BalanceTooLarge,
    HoldResolved,
    InsufficientFunds,
)
from observability.metrics.metrics import Metrics

_CHECKS: Final = ("balances", "transfers", "all")
_KINDS: Final = ("deposit", "transfer", "capture", "reversal")
_REJECTIONS: Final = (
    AccountBusy,
    AccountClosed,
    AlreadyReversed,
    BalanceTooLarge,
    HoldResolved,
    InsufficientFunds,
)


class LedgerMetrics:
    """Counts transfers, and reports what the checks of the ledger found."""

    def __init__(self, metrics: Metrics) -> None:
        self.transfers = metrics.counter("ledger_transfers", "Transfers that were executed.", ("kind",))
        self.rejections = metrics.counter("ledger_rejections", "Transfers and holds that were rejected.", ("code",))
        self.imbalance = metrics.gauge(
            "ledger_imbalance",
            "Violations that a check of the ledger found: currencies whose balances do not add up to zero, transfers"
            " whose entries do not balance, accounts that differ from their entries. Always 0.",
            ("check",),
            "max",
        )
        self.pending_holds = metrics.gauge("ledger_pending_holds", "Holds that are not resolved.", (), "max").labels()
        for check in _CHECKS:
            self.imbalance.labels(check)
        for kind in _KINDS:
            self.transfers.labels(kind)
        for error in _REJECTIONS:
            self.rejections.labels(error.code)
