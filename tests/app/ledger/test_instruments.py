"""The instruments of the ledger, from the start of a process: an alert needs a first value."""

from app.ledger import operator, queries
from app.ledger.currencies import CURRENCIES
from app.ledger.metrics import LedgerMetrics
from observability.metrics.metrics import Metrics


def test_every_series_is_exposed_with_zero() -> None:
    metrics = Metrics()
    metrics.group(LedgerMetrics)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name.startswith("ledger_")
    }
    kinds = ("deposit", "transfer", "capture", "reversal")
    codes = ("account_busy", "account_closed", "already_reversed", "balance_too_large", "hold_resolved")
    assert found == {
        **{("ledger_transfers_total", kind): 0 for kind in kinds},
        **{("ledger_rejections_total", code): 0 for code in (*codes, "insufficient_funds")},
        **{("ledger_imbalance", check): 0 for check in ("balances", "transfers", "all")},
        ("ledger_pending_holds",): 0,
    }


def test_what_a_run_and_a_report_contain_is_bounded() -> None:
    """By a limit in the statement, whatever the state of the ledger is."""
    assert operator._BATCH == 1000
    for read in (queries._UNBALANCED, queries._OF_RECENT, queries._OF_ALL, queries._WRONG_ACCOUNTS):
        assert read.arguments({})[-1] == queries._LISTED == 20


def test_a_code_is_three_letters() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES)
    assert {code: currency.code for code, currency in CURRENCIES.items()} == {code: code for code in CURRENCIES}
