"""7 Webhooks: attempts to deliver events, what is due, and the states of endpoints."""

from typing import Final

from observability.dashboards.budgets import budget, burn
from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching, quantile, rate, total
from observability.slo import DELIVERY_AGES, WEBHOOK_DELIVERY

_CHOSEN: Final = matching(ENVIRONMENT)
_DURATION: Final = "webhook_attempt_duration_seconds"
_OF_VERSION: Final = matching(ENVIRONMENT, API_VERSION)

BOARD: Final = Board(
    uid="strata-webhooks",
    title="7 Webhooks",
    description="Attempts to deliver events to webhook endpoints, which the workers count; deliveries that are due and "
    "the states of endpoints, which the API processes read from the database, since a dead worker reports nothing.",
    variables=(ENVIRONMENT, API_VERSION),
    rows=(
        Row("Objective", (budget(WEBHOOK_DELIVERY), burn(WEBHOOK_DELIVERY, 18))),
        Row(
            "Attempts",
            (
                Panel(
                    title="Attempts",
                    description="Attempts a second by outcome. A receiver that responds with another status than 2xx "
                    "rejects; the others got no response.",
                    unit="ops",
                    queries=(Query(total("outcome", rate("webhook_attempts_total", _CHOSEN)), "{{outcome}}"),),
                    stacked=True,
                    traces='span.messaging.system = "deliveries"',
                ),
                Panel(
                    title="Duration of attempts",
                    description="Until the end of the response. An attempt ends after 15 seconds.",
                    unit="s",
                    queries=(
                        Query(quantile(0.5, "", _DURATION, _CHOSEN), "p50"),
                        Query(quantile(0.99, "", _DURATION, _CHOSEN), "p99"),
                    ),
                ),
                Panel(
                    title="Delay of first attempts",
                    description="From a delivery until its first attempt. Objective: 99 % within 60 seconds.",
                    unit="s",
                    queries=(
                        Query(quantile(0.5, "", DELIVERY_AGES, _OF_VERSION), "p50"),
                        Query(quantile(0.99, "", DELIVERY_AGES, _OF_VERSION), "p99"),
                    ),
                    steps=((0, "green"), (60, "red")),
                ),
            ),
        ),
        Row(
            "Deliveries and endpoints",
            (
                Panel(
                    title="Due deliveries",
                    description="Deliveries whose attempt is due. Four attempts of an endpoint run at once, so a slow "
                    "receiver lets its own wait.",
                    unit="none",
                    queries=(Query(f"max(webhook_deliveries_due{{{_CHOSEN}}})", "due"),),
                ),
                Panel(
                    title="Age of the oldest due delivery",
                    description="Of endpoints to which no worker is sending: what waits there waits for a worker.",
                    unit="s",
                    queries=(Query(f"max(webhook_deliveries_oldest_seconds{{{_CHOSEN}}})", "oldest"),),
                    steps=((0, "green"), (60, "red")),
                    logs='event=~"webhooks_not_delivered|webhook_attempt_not_recorded"',
                ),
                Panel(
                    title="Endpoints",
                    description="Endpoints by state. Failing: active, and the last four attempts failed. Disabled: "
                    "they received nothing, or responded with 410; their owners got a mail.",
                    unit="none",
                    queries=(Query(f"max by (state) (webhook_endpoints{{{_CHOSEN}}})", "{{state}}"),),
                ),
            ),
        ),
    ),
)
