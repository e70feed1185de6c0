"""The service level objectives, as data for rules, dashboards and their tests."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

Severity = Literal["page", "ticket"]

REQUESTS: Final = "http_server_request_duration_seconds"
"""The histogram of request durations, with the status of the response."""
CHECKED: Final = "api_contract_checked_total"
"""The counter of contract checks."""
BUDGET_PERIOD: Final = timedelta(days=30)
"""The period over which a budget may be spent."""
FEWEST_BAD_EVENTS: Final = 10
"""The minimum number of failures in the long window for an alert; otherwise a version with three requests an hour would
page at one failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A share of events that must be good, for each version.

    ``total`` and ``good`` are selectors of counters (a name and the label matchers); an event is bad if it is in
    ``total`` but not in ``good``.
    """

    name: str
    title: str
    target: float
    total: tuple[str, str]
    good: tuple[str, str]

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return round(1 - self.target, 6)


AVAILABILITY: Final = Objective(
    name="availability",
    title="requests that were not answered with a server error",
    target=0.999,
    total=(f"{REQUESTS}_count", 'api_version!="none"'),
    good=(f"{REQUESTS}_count", 'api_version!="none",http_response_status_code!~"5.."'),
)
READ_LATENCY: Final = Objective(
    name="read_latency",
    title="reads that were answered within 250 ms",
    target=0.99,
    total=(f"{REQUESTS}_count", 'api_version!="none",http_request_method=~"GET|HEAD"'),
    good=(f"{REQUESTS}_bucket", 'api_version!="none",http_request_method=~"GET|HEAD",le="0.25"'),
)
CONTRACT_CONFORMANCE: Final = Objective(
    name="contract_conformance",
    title="sampled responses that were as the frozen contract says",
    target=0.9999,
    total=(CHECKED, 'direction="response"'),
    good=(CHECKED, 'direction="response",outcome="conforms"'),
)
OBJECTIVES: Final = (AVAILABILITY, READ_LATENCY, CONTRACT_CONFORMANCE)


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
