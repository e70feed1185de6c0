"""The series that each fault of ``grafana/FAULTS.md`` produces, in promtool's notation with one sample per scrape.

Every series is normal for ``CALM`` scrapes, then the fault starts. The delay until the processes notice is included:
they read the queue and the restarts every 5 seconds, and a worker counts as dead 15 seconds after its last poll.
"""

from collections.abc import Mapping
from typing import Final

CALM: Final = 120
"""Scrapes before the fault, one every 15 seconds: half an hour."""
FAULTY: Final = 120
_API: Final = 'environment="test",job="strata",instance="a:8000"'
_OTHER: Final = 'environment="test",job="strata",instance="b:8000"'
_WORKER: Final = 'environment="test",job="strata-worker",instance="w:9102"'

Series = Mapping[str, str]


def _gauge(normal: float, faulty: float, *, delayed: int = 1, scrapes: int = FAULTY) -> str:
    return f"{normal:g}x{CALM + delayed} {faulty:g}x{scrapes - 1} {normal:g}x{FAULTY}"


def _counter(before: float, during: float) -> str:
    """Growth per scrape before and during the fault."""
    reached = before * CALM
    return f"0+{before:g}x{CALM} {reached + during:g}+{during:g}x{FAULTY}"


def _requests(ok: float, failed: float) -> Series:
    """300 requests per scrape, 20 a second; all succeed before the fault."""
    labels = f'{_API},api_version="v2"'
    return {
        f'api_requests_total{{{labels},outcome="ok"}}': _counter(300, ok),
        f'api_requests_total{{{labels},outcome="failed"}}': _counter(0, failed),
    }


def _waits(slow: float) -> Series:
    labels = f'{_API},pool="read"'
    total = 300.0
    return {
        f'db_pool_wait_seconds_bucket{{{labels},le="0.25"}}': _counter(total, total - slow),
        f'db_pool_wait_seconds_bucket{{{labels},le="5.0"}}': _counter(total, total),
        f'db_pool_wait_seconds_bucket{{{labels},le="+Inf"}}': _counter(total, total),
        f"db_pool_wait_seconds_count{{{labels}}}": _counter(total, total),
    }


def _up(faulty: str, labels: str = _API) -> Series:
    return {
        f"up{{{labels}}}": f"1x{CALM} {faulty}",
        f"up{{{_OTHER}}}": f"1x{CALM + FAULTY}",
        f"scrape_samples_scraped{{{labels}}}": f"900x{CALM + FAULTY}",
    }


def _checked(violates: float) -> Series:
    labels = f'{_API},api_version="v2",direction="response"'
    return {
        f'api_contract_checked_total{{{labels},outcome="conforms"}}': _counter(3, 3 - violates),
        f'api_contract_checked_total{{{labels},outcome="violates"}}': _counter(0, violates),
    }


FAULTS: Final[Mapping[str, Series]] = {
    "one PostgreSQL backend is killed": {
        **_requests(300, 0),
        f"db_available{{{_API}}}": f"1x{CALM + FAULTY}",
        f'db_retries_total{{{_API},work="read"}}': f"0x{CALM} 1x{FAULTY}",
    },
    "PostgreSQL is frozen for 10 seconds": {f"db_available{{{_API}}}": _gauge(1, 0, scrapes=1)},
    "PostgreSQL is frozen or unreachable for longer": {f"db_available{{{_API}}}": _gauge(1, 0, scrapes=12)},
    "PostgreSQL is killed and restarted": {f'process_restarts{{{_API},process="postgresql"}}': _gauge(2, 3)},
    "most requests fail with 5xx": _requests(60, 240),
    "reads are slower than 250 ms": {
        f'api_reads_total{{{_API},api_version="v2",outcome="fast"}}': _counter(300, 30),
        f'api_reads_total{{{_API},api_version="v2",outcome="slow"}}': _counter(0, 270),
    },
    "responses break the contract": _checked(violates=2),
    "the database pool is exhausted": _waits(30),
    "Redis is paused": {f"api_rate_limit_fallback{{{_API}}}": _gauge(0, 1, scrapes=12)},
    "Redis replies late now and then": {
        f"api_rate_limit_fallback{{{_API}}}": f"0x{CALM + FAULTY}",
        f'api_rate_limit_fallbacks_total{{{_API},reason="late"}}': _counter(0, 3),
    },
    "the worker is killed and restarted": {f'process_restarts{{{_API},process="worker"}}': _gauge(0, 1)},
    "the worker is killed or hangs": {
        f"job_workers{{{_API}}}": _gauge(1, 0, delayed=2),
        f"job_workers{{{_OTHER}}}": _gauge(1, 0, delayed=2),
    },
    "the queue grows": {
        f'job_queue_oldest_seconds{{{_API},kind="auth.send_token"}}': f"0x{CALM} 0+15x{FAULTY}",
    },
    "a consumer of events fails again and again": {
        f'event_consumer_lag_seconds{{{_API},consumer="webhooks"}}': f"0x{CALM} 0+15x{FAULTY}",
        f"outbox_lag_seconds{{{_API}}}": f"0x{CALM + FAULTY}",
    },
    "the relay gives events no positions": {
        f'event_consumer_lag_seconds{{{_API},consumer="webhooks"}}': f"0x{CALM + FAULTY}",
        f"outbox_lag_seconds{{{_API}}}": f"0x{CALM} 0+15x{FAULTY}",
    },
    "no worker attempts deliveries": {f"webhook_deliveries_oldest_seconds{{{_API}}}": f"0x{CALM} 0+15x{FAULTY}"},
    "deliveries wait for minutes until a worker attempts them": {
        f'webhook_delivery_age_seconds_bucket{{{_WORKER},api_version="v2",le="60.0"}}': _counter(300, 30),
        f'webhook_delivery_age_seconds_count{{{_WORKER},api_version="v2"}}': _counter(300, 300),
    },
    "jobs wait for minutes until a worker begins them": {
        f'job_start_delay_seconds_bucket{{{_WORKER},kind="email",le="30.0"}}': _counter(300, 30),
        f'job_start_delay_seconds_count{{{_WORKER},kind="email"}}': _counter(300, 300),
    },
    "a firewall blocks the requests to webhook endpoints": {
        f'webhook_attempts_total{{{_WORKER},outcome="succeeded"}}': _counter(30, 0),
        f'webhook_attempts_total{{{_WORKER},outcome="timeout"}}': _counter(0, 30),
    },
    "the API has as many streams as it accepts": {
        f'realtime_rejected_connections_total{{{_API},limit="process"}}': _counter(0, 5),
        f'realtime_rejected_connections_total{{{_API},limit="caller"}}': _counter(5, 5),
    },
    "the object store does not respond": {
        f'storage_operation_duration_seconds_count{{{_API},operation="read",outcome="failed"}}': _counter(0, 5),
        f'storage_operation_duration_seconds_count{{{_API},operation="read",outcome="ok"}}': _counter(5, 5),
    },
    "a version cannot write an event": {f'render_failures_total{{{_API},api_version="v2"}}': _gauge(0, 1)},
    "jobs fail after their last attempt": {
        'jobs_failed_last_hour{environment="test",instance="a:8000",kind="report"}': _gauge(0, 3),
    },
    "a schedule no longer succeeds": {
        f'cron_last_success_timestamp{{{_API},schedule="ledger.expire_holds"}}': f"0+15x{CALM} {15 * CALM}x{FAULTY}",
        f'cron_period_seconds{{{_API},schedule="ledger.expire_holds"}}': f"60x{CALM + FAULTY}",
    },
    "an API server does not respond": _up(f"0x{FAULTY}"),
    "the only worker cannot be scraped": _up(f"0x{FAULTY}", _WORKER),
    "one of two targets vanishes from service discovery": _up(f"stale _x{FAULTY}"),
    "every API target vanishes": {f"up{{{_API}}}": f"1x{CALM} stale _x{FAULTY}"},
    "every fifth scrape fails": _up(" ".join(["0 1 1 1 1"] * (FAULTY // 5))),
    "a scrape is empty": {
        f"up{{{_API}}}": f"1x{CALM + FAULTY}",
        f"scrape_samples_scraped{{{_API}}}": f"900x{CALM} 0x{FAULTY}",
    },
    "a callback blocks the event loop": {
        f'event_loop_lag_seconds_bucket{{{_API},le="0.1"}}': _counter(60, 50),
        f'event_loop_lag_seconds_bucket{{{_API},le="5.0"}}': _counter(60, 60),
        f'event_loop_lag_seconds_bucket{{{_API},le="+Inf"}}': _counter(60, 60),
    },
    "the trace collector is down": {f'trace_spans_dropped_total{{{_API},reason="unreachable"}}': _counter(0, 30)},
    "a client sends requests that cannot be parsed, or too slowly": {
        f'http_server_rejected_connections_total{{{_API},reason="head_timeout"}}': _counter(0, 60),
        f'http_server_rejected_connections_total{{{_API},reason="no_request"}}': _counter(60, 60),
    },
    "more requests arrive than the processes admit": {
        f'http_server_shed_requests_total{{{_API},api_version="v2"}}': _counter(0, 600),
    },
    "a balance is changed past the ledger": {
        f'ledger_imbalance{{{_API},check="balances"}}': _gauge(0, 1),
        f'ledger_imbalance{{{_API},check="transfers"}}': _gauge(0, 0),
    },
    "passwords are guessed": {
        f'auth_attempts_total{{{_API},method="password",outcome="success"}}': _counter(15, 15),
        f'auth_attempts_total{{{_API},method="password",outcome="invalid_credentials"}}': _counter(0, 60),
    },
    "a version ends within a week, and consumers still use it": {
        f'api_version_expected_breakages{{{_API},api_version="v2",plan="free"}}': _gauge(0, 3),
        f'api_version_expected_breakages{{{_OTHER},api_version="v2",plan="free"}}': _gauge(0, 3),
        f'api_version_sunset_timestamp_seconds{{{_API},api_version="v2"}}': f"600000x{CALM + FAULTY}",
        f'api_version_info{{{_API},api_version="v2",status="deprecated",successor=""}}': f"1x{CALM + FAULTY}",
    },
    "the table of evidence is locked": {
        f"api_usage_evidence_lag_seconds{{{_API}}}": f"9x{CALM} 9+15x{FAULTY}",
        f"api_usage_evidence_lag_seconds{{{_OTHER}}}": f"9x{CALM + FAULTY}",
    },
    "more requests are sampled than a process can summarise": {
        f'api_usage_evidence_dropped_total{{{_API},reason="queue_full"}}': _counter(0, 30),
        f'api_usage_evidence_dropped_total{{{_API},reason="capped"}}': _counter(30, 30),
        f'api_usage_evidence_dropped_total{{{_API},reason="too_large"}}': _counter(3, 3),
    },
}
