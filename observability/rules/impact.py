"""Alerts for consumers that the end of a version will break, and for evidence of usage that is lost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from observability.rules.alert import Alert
from observability.rules.clock import Clock

_LAST_DAYS: Final = 7
_LATE_WRITE: Final = 60
"""Seconds. Processes write every 10."""
_FAILURES: Final = "queue_full|failed|no_room"
"""Why samples are lost although neither the requests nor the cap on samples explains it."""


def impact(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for the last days of a version, and for evidence that is not written or lost."""
    by = "environment, api_version"
    yield Alert(
        name="ConsumersBreakAtSunset",
        expr=(
            f"sum by ({by}) (max by ({by}, plan) (api_version_expected_breakages)) > 0\n"
            f"and on ({by}) (api_version_sunset_timestamp_seconds - time()) / 86400 < {_LAST_DAYS}\n"
            f'and on ({by}) api_version_info{{status=~"deprecated|brownout"}} == 1'
        ),
        severity="ticket",
        summary="The end of {{ $labels.api_version }} within 7 days breaks {{ $value | humanize }} consumers",
        description="They used {{ $labels.api_version }} within the last 7 days. `strata impact --retire "
        "{{ $labels.api_version }}` names them and what to write to them.",
    )
    yield Alert(
        name="EvidenceNotWritten",
        expr=f"max by (environment) (api_usage_evidence_lag_seconds) > {_LATE_WRITE}",
        severity="ticket",
        delay=timedelta(minutes=2),
        summary="Evidence of usage is not written",
        description="The oldest evidence has been waiting for {{ $value | humanizeDuration }} in a process, which "
        "loses it if it ends.",
    )
    yield Alert(
        name="EvidenceLost",
        expr=(
            f'sum by (environment, reason) (rate(api_usage_evidence_dropped_total{{reason=~"{_FAILURES}"}}'
            f"[{clock(timedelta(minutes=5))}])) > 0"
        ),
        severity="ticket",
        delay=timedelta(minutes=10),
        summary="Evidence of usage is lost: {{ $labels.reason }}",
        description="{{ $value | humanize }} sampled requests a second are missing from the evidence, so that "
        "`strata impact` knows less than it says.",
    )
