"""13 Ledger: whether the books balance, how many transfers are executed, and why others are rejected."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import ENVIRONMENT, matching, rate, total

_TRANSFERS: Final = rate("ledger_transfers_total", matching(ENVIRONMENT))
_REJECTIONS: Final = rate("ledger_rejections_total", matching(ENVIRONMENT))
_BUSY: Final = rate("ledger_rejections_total", matching(ENVIRONMENT, also='code="account_busy"'))

BOARD: Final = Board(
    uid="strata-ledger",
    title="13 Ledger",
    description="The checks of the ledger, its transfers, and the transfers and holds that were rejected.",
    variables=(ENVIRONMENT,),
    rows=(
        Row(
            "Books",
            (
                Panel(
                    title="Imbalance",
                    description="Violations by check; always 0. Balances and transfers are checked every 15 seconds, "
                    "everything every night.",
                    unit="none",
                    kind="stat",
                    queries=(Query(f"max by (check) (ledger_imbalance{{{matching(ENVIRONMENT)}}})", "{{check}}"),),
                    steps=((0, "green"), (1, "red")),
                    logs='event="ledger_imbalance"',
                ),
                Panel(
                    title="Pending holds",
                    description="Holds that are neither captured nor released. The worker releases those that expire.",
                    unit="none",
                    queries=(Query(f"max(ledger_pending_holds{{{matching(ENVIRONMENT)}}})", "pending"),),
                ),
            ),
        ),
        Row(
            "Transfers",
            (
                Panel(
                    title="Transfers",
                    description="Executed transfers a second by kind.",
                    unit="ops",
                    queries=(Query(total("kind", _TRANSFERS), "{{kind}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Rejections",
                    description="Transfers and holds a second that the state of an account rejected, by code.",
                    unit="ops",
                    queries=(Query(total("code", _REJECTIONS), "{{code}}"),),
                    logs="status = 409",
                    traces="span.http.response.status_code = 409",
                ),
                Panel(
                    title="Busy accounts",
                    description="Rejections a second because an account was locked for a second: one account has more "
                    "transfers than it can execute.",
                    unit="ops",
                    queries=(Query(f"sum({_BUSY})", "account_busy"),),
                    logs='problem="account_busy"',
                ),
            ),
        ),
    ),
)
