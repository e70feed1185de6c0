"""Alerts: symptoms that spend an error budget, and the few causes that need a person before they spend it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from observability.rules.alert import Alert
from observability.rules.clock import Clock, duration
from observability.rules.dependencies import database, jobs, live, outbox, processes, queue, storage, targets, webhooks
from observability.rules.impact import impact
from observability.slo import BURN_RATES, FEWEST_BAD_EVENTS, OBJECTIVES, RESULTS, BurnRate, Objective

_MANY_FALLBACKS: Final = 30
"""Decisions in the window of the alert. One late reply of a busy machine is one."""


def _burn(slo: Objective, rate: BurnRate) -> Alert:
    long, short = duration(rate.long), duration(rate.short)
    chosen = f'{{slo="{slo.name}"}}'
    limit = f"{rate.factor:g} * {slo.budget:g}"
    subject = f"{{{{ $labels.{slo.by} }}}}"
    words = "".join(word.title() for word in slo.name.split("_"))
    return Alert(
        name=f"{words}Budget{'BurnsFast' if rate.severity == 'page' else 'BurnsSlowly'}",
        expr=(
            f"slo:error_ratio:rate{long}{chosen} > {limit}\n"
            f"and slo:error_ratio:rate{short}{chosen} > {limit}\n"
            f"and slo:bad:rate{long}{chosen} * {rate.long.total_seconds():.0f} >= {FEWEST_BAD_EVENTS}"
        ),
        severity=rate.severity,
        summary=f"{subject} spends its {slo.name} budget {rate.factor:g} times too fast",
        description=(
            f"Over {long} and over {short}, {{{{ $value | humanizePercentage }}}} of the events of "
            f"{subject} were bad; the objective is {slo.target * 100:g} % of {slo.title}."
        ),
        labels=(("window", long),),
    )


def budget_burns() -> Iterator[Alert]:
    """Yield four alerts for each objective."""
    for slo in OBJECTIVES:
        for rate in BURN_RATES:
            yield _burn(slo, rate)


def causes(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for single causes."""
    recently = clock(timedelta(minutes=5))
    yield from targets(clock)
    yield from processes(clock)
    yield from queue()
    yield from outbox(clock)
    yield from storage(clock)
    yield from webhooks(clock)
    yield from live(clock)
    yield from jobs()
    yield from database(clock)
    yield from impact(clock)
    yield Alert(
        name="RateLimitFallback",
        expr=(
            "max by (environment) (api_rate_limit_fallback) > 0 or "
            f"sum by (environment) (increase(api_rate_limit_fallbacks_total[{recently}])) > {_MANY_FALLBACKS}"
        ),
        severity="ticket",
        delay=timedelta(minutes=1),
        summary="Rate limits are counted in each process for itself",
        description="Redis does not respond in time; limits hold for each process, not for all of them together.",
    )
    yield Alert(
        name="TracesDropped",
        expr=f"sum by (environment, reason) (rate(trace_spans_dropped_total[{recently}])) > 0",
        severity="ticket",
        delay=timedelta(minutes=10),
        summary="Spans are thrown away: {{ $labels.reason }}",
        description="{{ $value | humanize }} spans a second did not reach the collector; traces are incomplete.",
    )
    yield Alert(
        name="ContractsNotJudged",
        expr=f'sum by (environment) (rate(api_contract_dropped_total{{reason="failed"}}[{recently}])) > 0',
        severity="ticket",
        delay=timedelta(minutes=10),
        summary="Nobody sees whether the contracts are kept",
        description="{{ $value | humanize }} sampled exchanges a second could not be judged; the log says why.",
    )
    yield Alert(
        name="EventLoopBlocked",
        expr=(
            "histogram_quantile(0.99, sum by (environment, le) "
            f"(rate(event_loop_lag_seconds_bucket[{recently}]))) > 0.1"
        ),
        severity="ticket",
        delay=timedelta(minutes=5),
        summary="Something blocks the event loop",
        description="A callback that was due ran up to {{ $value | humanizeDuration }} late (99th percentile).",
    )
    yield Alert(
        name="LedgerImbalance",
        expr="max by (environment, check) (ledger_imbalance) > 0",
        severity="page",
        summary="The ledger does not balance: check {{ $labels.check }}",
        description="{{ $value | humanize }} violations. The log names currencies, transfers and accounts.",
    )
    yield Alert(
        name="SunsetNear",
        expr=(
            "(api_version_sunset_timestamp_seconds - time()) / 86400 < 30\n"
            "and on (environment, api_version)\n"
            f"sum by (environment, api_version) (increase({RESULTS}[{clock(timedelta(days=1))}])) > 0"
        ),
        severity="ticket",
        summary="{{ $labels.api_version }} ends in {{ $value | humanize }} days and still has consumers",
        description="Requests of the last day used {{ $labels.api_version }}; the dashboard of versions names whose.",
    )
    yield Alert(
        name="AuthFailuresSurge",
        expr=(
            f'sum by (environment, method) (rate(auth_attempts_total{{outcome!="success"}}[{recently}])) > 1\n'
            "and on (environment, method)\n"
            f'sum by (environment, method) (rate(auth_attempts_total{{outcome!="success"}}[{recently}])) '
            f"> 0.5 * sum by (environment, method) (rate(auth_attempts_total[{recently}]))"
        ),
        severity="ticket",
        delay=timedelta(minutes=10),
        summary="Most attempts to authenticate with {{ $labels.method }} fail",
        description="{{ $value | humanize }} failures a second: guessing, or a client with a revoked credential.",
    )
    yield Alert(
        name="ConnectionsRejected",
        expr=(
            "sum by (environment, reason) "
            f'(rate(http_server_rejected_connections_total{{reason!="no_request"}}[{recently}])) > 1'
        ),
        severity="ticket",
        delay=timedelta(minutes=5),
        summary="Connections are closed before their request is complete: {{ $labels.reason }}",
        description="{{ $value | humanize }} a second. No other metric and no objective counts these requests.",
    )
    yield Alert(
        name="RequestsShed",
        expr=f"sum by (environment, api_version) (rate(http_server_shed_requests_total[{recently}])) > 1",
        severity="page",
        delay=timedelta(minutes=5),
        summary="Requests to {{ $labels.api_version }} are rejected, since processes are at capacity",
        description="{{ $value | humanize }} a second get 503. No objective counts them.",
    )


def groups(clock: Clock) -> dict[str, list[Alert]]:
    """Return every alert, by group."""
    return {"budgets": list(budget_burns()), "causes": list(causes(clock))}
