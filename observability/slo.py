"""The service level objectives, as data for rules, dashboards and their tests."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

Severity = Literal["page", "ticket"]

REQUESTS: Final = "http_server_request_duration_seconds"
"""The histogram of request durations, with the status of the response."""
RESULTS: Final = "api_requests_total"
"""The counter of requests by version and outcome. Every series starts at 0, so ``increase`` sees the first error."""
READS: Final = "api_reads_total"
"""The counter of reads, ``fast`` and ``slow``; every series starts at 0."""
CHECKED: Final = "api_contract_checked_total"
"""The counter of contract checks."""
DELIVERY_AGES: Final = "webhook_delivery_age_seconds"
"""The histogram of seconds until the first attempt of a delivery, by the version of its endpoint."""
START_DELAYS: Final = "job_start_delay_seconds"
"""The histogram of seconds from when a job was due until its first attempt began, by kind."""
BUDGET_PERIOD: Final = timedelta(days=30)
"""The period over which a budget may be spent."""
FEWEST_BAD_EVENTS: Final = 10
"""The minimum number of failures in the long window for an alert; otherwise a version with three requests an hour would
page at one failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A share of events that must be good, for each value of the label ``by``.

    ``total`` and ``good`` are selectors of counters whose series all start at 0; an event is bad if it is in
    ``total`` but not in ``good``.
    """

    name: str
    title: str
    target: float
    total: str
    good: str
    by: str = "api_version"

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return round(1 - self.target, 6)


AVAILABILITY: Final = Objective(
    name="availability",
    title="requests that were not answered with a server error",
    target=0.999,
    total=RESULTS,
    good=f'{RESULTS}{{outcome!="failed"}}',
)
READ_LATENCY: Final = Objective(
    name="read_latency",
    title="reads that were answered within 250 ms",
    target=0.99,
    total=READS,
    good=f'{READS}{{outcome="fast"}}',
)
CONTRACT_CONFORMANCE: Final = Objective(
    name="contract_conformance",
    title="sampled responses that were as the frozen contract says",
    target=0.9999,
    total=f'{CHECKED}{{direction="response"}}',
    good=f'{CHECKED}{{direction="response",outcome="conforms"}}',
)
WEBHOOK_DELIVERY: Final = Objective(
    name="webhook_delivery",
    title="deliveries that were first attempted within 60 seconds",
    target=0.99,
    total=f"{DELIVERY_AGES}_count",
    good=f'{DELIVERY_AGES}_bucket{{le="60.0"}}',
)
JOB_START: Final = Objective(
    name="job_start",
    title="jobs that began within 30 seconds of when they were due",
    target=0.99,
    total=f"{START_DELAYS}_count",
    good=f'{START_DELAYS}_bucket{{le="30.0"}}',
    by="kind",
)
OF_REQUESTS: Final = (AVAILABILITY, READ_LATENCY, CONTRACT_CONFORMANCE)
OBJECTIVES: Final = (*OF_REQUESTS, WEBHOOK_DELIVERY, JOB_START)


@dataclass(frozen=True, slots=True)
class BurnRate:
    """Alert if the budget is spent ``factor`` times too fast over a long window, and still is over a short one.

    The short window ends the alert soon after the cause has ended (The Site Reliability Workbook, chapter 5).
    """

    factor: float
    long: timedelta
    short: timedelta
    severity: Severity


BURN_RATES: Final = (
    BurnRate(14.4, timedelta(hours=1), timedelta(minutes=5), "page"),
    BurnRate(6, timedelta(hours=6), timedelta(minutes=30), "page"),
    BurnRate(3, timedelta(days=1), timedelta(hours=2), "ticket"),
    BurnRate(1, timedelta(days=3), timedelta(hours=6), "ticket"),
)
WINDOWS: Final = tuple(sorted({window for rate in BURN_RATES for window in (rate.long, rate.short)}))
"""The windows of the recorded error ratios."""
