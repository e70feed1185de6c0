"""The instruments of background jobs."""

from typing import Final

from observability.metrics.metrics import Metrics

_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds."""
_DELAYS: Final = (0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0)
"""Seconds. The objective counts jobs that began within 30."""


OUTCOMES: Final = ("success", "failure", "cancelled", "released", "superseded")
"""Of an attempt. ``released``: at a shutdown; ``superseded``: another worker took the job over."""
STATUSES: Final = ("succeeded", "failed", "cancelled")
"""Of a job that has ended."""


class JobMetrics:
    """Counts attempts at jobs, jobs that ended, and the connections of a worker."""

    def __init__(self, metrics: Metrics) -> None:
        self.duration = metrics.histogram(
            "job_duration_seconds", "Seconds of one attempt.", ("kind", "outcome"), _BUCKETS
        )
        self.start_delay = metrics.histogram(
            "job_start_delay_seconds",
            "Seconds from when a job was due until its first attempt began.",
            ("kind",),
            _DELAYS,
        )
        self.attempts = metrics.counter("job_attempts", "Attempts at jobs.", ("kind", "outcome"))
        self.finished = metrics.counter("jobs_finished", "Jobs that ended.", ("kind", "status"))
        self.crashes = metrics.counter(
            "job_crashes", "Jobs that ended after their last attempt ended its worker.", ("kind",)
        )
        self.connected = metrics.gauge(
            "worker_connected", "1 while the worker is connected to its queue, which is in the database.", (), "min"
        ).labels()
        self.reconnects = metrics.counter("worker_reconnects", "Lost connections of the worker to its queue.").labels()

    def declare(self, kind: str) -> None:
        """Start every series of a kind at 0."""
        self.start_delay.labels(kind)
        for outcome in OUTCOMES:
            self.attempts.labels(kind, outcome)
        for status in STATUSES:
            self.finished.labels(kind, status)
        self.crashes.labels(kind)


class QueueMetrics:
    """The state of the queue in the database, which API processes read: a dead worker cannot report it."""

    def __init__(self, metrics: Metrics) -> None:
        self.queue_depth = metrics.gauge("job_queue_depth", "Jobs that wait.", ("kind",), "max")
        self.queue_oldest = metrics.gauge(
            "job_queue_oldest_seconds", "Seconds since the oldest job that waits became due.", ("kind",), "max"
        )
        self.workers = metrics.gauge(
            "job_workers", "Workers that polled the queue within the last 15 seconds.", (), "max"
        ).labels()
        self.failed = metrics.gauge(
            "jobs_failed_last_hour",
            "Jobs that failed within the last hour, after their last attempt.",
            ("kind",),
            "max",
        )
        self.succeeded = metrics.gauge(
            "cron_last_success_timestamp",
            "When the schedule last succeeded; until then, when a worker first knew it.",
            ("schedule",),
            "max",
        )
        self.periods = metrics.gauge("cron_period_seconds", "Seconds between two runs.", ("schedule",), "max")
