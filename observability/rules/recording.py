"""Recorded series: RED (rate, errors, duration) by version, and the error ratio of every objective and window."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from observability.rules.clock import Clock, duration
from observability.slo import BUDGET_PERIOD, OBJECTIVES, REQUESTS, RESULTS, WINDOWS, Objective

BY: Final = "environment, api_version"
"""The labels of every recorded series of requests."""
_SHORTEST: Final = WINDOWS[0]
_LONGEST_OF_RAW: Final = timedelta(days=3)
"""The counters of the objectives have few series, so that a rate over days is cheap. Only the period of the budget is
averaged from recorded series: an average does not say how many events it contains, and would inflate the number of
failures in a Prometheus that is younger than the window."""
_VERSIONED: Final = 'api_version!="none"'


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    name: str
    expr: str
    labels: tuple[tuple[str, str], ...] = ()


def red(clock: Clock) -> Iterator[Recording]:
    """Yield the series of the overview, evaluated once instead of by every open browser."""
    window = clock(timedelta(minutes=5))
    total = f"sum by ({BY}) (rate({RESULTS}[{window}]))"
    failed = f'sum by ({BY}) (rate({RESULTS}{{outcome="failed"}}[{window}]))'
    yield Recording("api_version:http_requests:rate5m", total)
    yield Recording("api_version:http_request_errors:rate5m", failed)
    yield Recording(
        "api_version:http_request_error_ratio:rate5m",
        "api_version:http_request_errors:rate5m / (api_version:http_requests:rate5m > 0)",
    )
    buckets = f"sum by ({BY}, le) (rate({REQUESTS}_bucket{{{_VERSIONED}}}[{window}]))"
    for quantile in (50, 95, 99):
        yield Recording(
            f"api_version:http_request_duration_seconds:p{quantile}",
            f"histogram_quantile({quantile / 100}, {buckets})",
        )


def objective(slo: Objective, clock: Clock) -> Iterator[Recording]:
    """Yield the good and all events of each window, their ratio, and the remaining budget."""
    labels, by = (("slo", slo.name),), f"environment, {slo.by}"
    chosen = f'{{slo="{slo.name}"}}'
    for window in (*WINDOWS, BUDGET_PERIOD):
        suffix = f"rate{duration(window)}"
        if window <= _LONGEST_OF_RAW:
            total, good = (f"sum by ({by}) (rate({selector}[{clock(window)}]))" for selector in (slo.total, slo.good))
            # A query reads one state of the samples. Between the evaluations of two rules a scrape can arrive, and a
            # rate that contains it, subtracted from one that does not, would be failures of no request.
            bad = f"clamp_min({total} - on ({by}) ({good}), 0)"
        else:
            # Both are averages over the same samples, so that their ratio weights each moment by its traffic.
            base = f"rate{duration(_SHORTEST)}"
            total, bad = (f"avg_over_time(slo:{kind}:{base}{chosen}[{clock(window)}])" for kind in ("total", "bad"))
        yield Recording(f"slo:total:{suffix}", total, labels)
        yield Recording(f"slo:bad:{suffix}", bad, labels)
        yield Recording(
            f"slo:error_ratio:{suffix}", f"slo:bad:{suffix}{chosen} / (slo:total:{suffix}{chosen} > 0)", labels
        )
    whole = f"slo:error_ratio:rate{duration(BUDGET_PERIOD)}{chosen}"
    yield Recording("slo:error_budget_remaining:ratio", f"1 - {whole} / {slo.budget:g}", labels)


def groups(clock: Clock) -> dict[str, list[Recording]]:
    """Return the rules by group. Rules of one group run in order, so each can read what the previous one recorded."""
    return {"red": list(red(clock)), **{f"slo_{slo.name}": list(objective(slo, clock)) for slo in OBJECTIVES}}
