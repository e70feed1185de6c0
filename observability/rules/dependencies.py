"""Alerts for the processes of an installation, their scrapes, the job queue and the database."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from observability.rules.alert import Alert
from observability.rules.clock import Clock

API: Final = "strata"
"""The scrape job of the API."""
_JOBS: Final = 'job=~"strata|strata-worker"'
_LATE_JOB: Final = 60
"""Seconds. Jobs of a working queue start within 30 (an objective)."""
_LATE_EVENT: Final = 60
"""Seconds. A relay and consumers that work need less than one."""
_LATE_DELIVERY: Final = 60
"""Seconds. First attempts start within 60 (an objective)."""
_UNANSWERED: Final = 0.9
_FEWEST_ATTEMPTS: Final = 20
_FEWEST_FAILED_OPERATIONS: Final = 5
_FEWEST_REJECTED: Final = 5
_SLOW_WAIT: Final = 0.25
"""Seconds."""
_FEWEST_WAITS: Final = 20
"""Below this number a 99th percentile is the duration of one wait."""


_LATE_SCHEDULE: Final = 900
"""Seconds beyond two periods: the attempts of one run may take so long."""


def targets(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for targets that Prometheus cannot read, or no longer knows."""
    quarter, ten = clock(timedelta(minutes=15)), clock(timedelta(minutes=10))
    known = f"count by (environment, job) (up{{{_JOBS}}})"
    yield Alert(
        name="TargetDown",
        expr=f"up{{{_JOBS}}} == 0",
        severity="page",
        delay=timedelta(minutes=2),
        summary="{{ $labels.instance }} of {{ $labels.job }} cannot be scraped",
        description="Prometheus could not read the metrics of {{ $labels.instance }} for two minutes.",
    )
    yield Alert(
        name="TargetVanished",
        # A target that service discovery lost has no `up` at all; it is not 0.
        expr=(
            f'absent(up{{job="{API}"}})\n'
            f"or (count by (environment, job) (up{{{_JOBS}}} offset {quarter}) > {known})\n"
            f"or (count by (environment, job) (up{{{_JOBS}}} offset {quarter}) unless {known})"
        ),
        severity="page",
        delay=timedelta(minutes=2),
        summary="Targets of {{ $labels.job }} vanished",
        description="Prometheus no longer discovers a process of {{ $labels.job }} that it read 15 minutes ago.",
    )
    yield Alert(
        name="ScrapeFailing",
        expr=(
            # Twice down and up again. A target that stays down is for TargetDown.
            f"changes(up{{{_JOBS}}}[{ten}]) >= 4\n"
            f"or scrape_samples_scraped{{{_JOBS}}} == 0 and on (environment, job, instance) up == 1"
        ),
        severity="ticket",
        delay=timedelta(minutes=1),
        summary="Scrapes of {{ $labels.instance }} fail now and then, or contain no series",
        description="Scrapes failed at least twice within ten minutes, or the last one was empty.",
    )


def processes(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for workers and crashed processes."""
    window = clock(timedelta(minutes=15))
    yield Alert(
        name="WorkerDown",
        expr="max by (environment) (job_workers) == 0",
        severity="page",
        delay=timedelta(minutes=1),
        summary="No worker runs jobs",
        description="No worker has polled the queue for a minute: mails are not sent. API processes report this.",
    )
    yield Alert(
        name="ProcessRestarted",
        expr=(
            "max by (environment, process) "
            f"(max_over_time(process_restarts[{window}]) - min_over_time(process_restarts[{window}])) > 0"
        ),
        severity="ticket",
        summary="{{ $labels.process }} crashed and was restarted",
        description="{{ $value | humanize }} restarts within 15 minutes; the log says why it exited.",
    )


def queue() -> Iterator[Alert]:
    """Yield the alert for jobs that wait."""
    yield Alert(
        name="QueueGrowing",
        # Whenever jobs arrive faster than they are run, the oldest one waits ever longer.
        expr=f"max by (environment, kind) (job_queue_oldest_seconds) > {_LATE_JOB}",
        severity="page",
        delay=timedelta(minutes=1),
        summary="Jobs {{ $labels.kind }} wait longer and longer",
        description="The oldest job that is due has been waiting for {{ $value | humanizeDuration }}.",
    )


def outbox(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for events that wait for the relay or a consumer, and for those that a version skips."""
    yield Alert(
        name="OutboxLag",
        expr=(
            f"max by (environment) (outbox_lag_seconds) > {_LATE_EVENT}\n"
            f"or max by (environment, consumer) (event_consumer_lag_seconds) > {_LATE_EVENT}"
        ),
        severity="page",
        delay=timedelta(minutes=1),
        summary=(
            "Events wait for {{ if $labels.consumer }}the consumer {{ $labels.consumer }}{{ else }}the relay{{ end }}"
        ),
        description="The oldest of them happened {{ $value | humanizeDuration }} ago.",
    )
    yield Alert(
        name="EventsNotRendered",
        expr=f"sum by (environment, api_version) (increase(render_failures_total[{clock(timedelta(hours=1))}])) > 0",
        severity="ticket",
        summary="Events cannot be written in {{ $labels.api_version }}",
        description="Streams, lists and webhooks skipped {{ $value | humanize }} of them within an hour.",
    )


def storage(clock: Clock) -> Iterator[Alert]:
    """Yield the alert for an object store that fails."""
    window = clock(timedelta(minutes=5))
    yield Alert(
        name="StorageFailing",
        expr=(
            'sum by (environment) (increase(storage_operation_duration_seconds_count{outcome="failed"}'
            f"[{window}])) >= {_FEWEST_FAILED_OPERATIONS}"
        ),
        severity="page",
        summary="The object store fails",
        description="{{ $value | humanize }} operations on it failed within 5 minutes.",
    )


def webhooks(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for deliveries that no worker attempts, and for a network that lets no request through."""
    yield Alert(
        name="WebhooksLate",
        expr=f"max by (environment) (webhook_deliveries_oldest_seconds) > {_LATE_DELIVERY}",
        severity="page",
        delay=timedelta(minutes=1),
        summary="Webhooks are not delivered",
        description="An attempt has been due for {{ $value | humanizeDuration }}, and no worker makes it.",
    )
    window = clock(timedelta(minutes=10))
    failed = 'webhook_attempts_total{outcome=~"timeout|unreachable|unresolved|tls"}'
    yield Alert(
        name="WebhooksUnreachable",
        expr=(
            f"sum by (environment) (increase({failed}[{window}]))\n"
            f"/ sum by (environment) (increase(webhook_attempts_total[{window}])) > {_UNANSWERED}\n"
            f"and sum by (environment) (increase(webhook_attempts_total[{window}])) >= {_FEWEST_ATTEMPTS}"
        ),
        severity="ticket",
        summary="Almost no webhook endpoint responds",
        description="{{ $value | humanizePercentage }} of the attempts within 10 minutes got no response.",
    )


def live(clock: Clock) -> Iterator[Alert]:
    """Yield the alert for streams and WebSockets that find no place."""
    window = clock(timedelta(minutes=5))
    yield Alert(
        name="ConnectionsExhausted",
        expr=(
            'sum by (environment) (increase(realtime_rejected_connections_total{limit="process"}'
            f"[{window}])) >= {_FEWEST_REJECTED}"
        ),
        severity="ticket",
        summary="Streams and WebSockets are rejected",
        description="{{ $value | humanize }} found no place within 5 minutes: a process has as many as it accepts.",
    )


def jobs() -> Iterator[Alert]:
    """Yield the alerts for jobs that failed for good, and for schedules that no longer succeed."""
    yield Alert(
        name="JobsFailed",
        expr="max by (environment, kind) (jobs_failed_last_hour) > 0",
        severity="ticket",
        summary="Jobs {{ $labels.kind }} failed for good",
        description="{{ $value | humanize }} jobs failed within the last hour, after their last attempt.",
    )
    yield Alert(
        name="ScheduleLate",
        # A run that is due while the previous one is not done is skipped, so one missed run is no fault.
        expr=(
            "time() - max by (environment, schedule) (cron_last_success_timestamp)\n"
            f"> 2 * max by (environment, schedule) (cron_period_seconds) + {_LATE_SCHEDULE}"
        ),
        severity="ticket",
        summary="Schedule {{ $labels.schedule }} does not succeed",
        description="It last succeeded {{ $value | humanizeDuration }} ago.",
    )


def database(clock: Clock) -> Iterator[Alert]:
    """Yield the alerts for the database and the pools in front of it."""
    window = clock(timedelta(minutes=2))
    by_pool = "sum by (environment, pool"
    yield Alert(
        name="DatabaseUnavailable",
        expr="min by (environment) (db_available) == 0",
        severity="page",
        delay=timedelta(seconds=30),
        summary="The database does not reply",
        description="A process has had no reply from PostgreSQL for 30 seconds; requests that need it get 503.",
    )
    yield Alert(
        name="DatabasePoolExhausted",
        expr=(
            f"histogram_quantile(0.99, {by_pool}, le) (rate(db_pool_wait_seconds_bucket[{window}]))) > {_SLOW_WAIT}\n"
            f"and {by_pool}) (increase(db_pool_wait_seconds_count[{window}])) >= {_FEWEST_WAITS}"
        ),
        severity="page",
        delay=timedelta(seconds=30),
        summary="Requests wait for connections of the {{ $labels.pool }} pool",
        description="One request in a hundred waits {{ $value | humanizeDuration }} before its first statement.",
    )
