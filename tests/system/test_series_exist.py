"""A running server exposes every series that a dashboard, a rule or a runbook reads, with the labels that it reads."""

import time
from pathlib import Path

import httpx2
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.support.collector import OTLP_ENDPOINT, collecting
from tests.support.live import Strata, free_port, wait_until_ready
from tests.support.other_contracts import audited
from tests.support.postgres import clone
from tests.support.promql import Reading, readings
from tests.support.read_series import OF_TARGETS, as_report, missing_series
from tests.support.traffic import Traffic, consumers
from tests.support.waiting import PATIENCE


def exposed_series(url: str) -> dict[str, frozenset[str]]:
    """Each metric that has a series, and the labels of its series."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(httpx2.get(f"{url}/metrics", headers=accept, timeout=PATIENCE).text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, frozenset()) | set(sample.labels)
    return found


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    dsn = await clone(admin_dsn, "series")
    return Strata(tmp_path / "home", dsn, **audited(tmp_path / "contracts"))


def test_every_series_that_is_read_is_exposed(strata: Strata) -> None:
    port = free_port()
    with (
        collecting() as collector,
        strata.serving(**{OTLP_ENDPOINT: collector.url, "STRATA_TRACING__TRUST_PARENT": "true"}) as url,
        strata.running("worker", STRATA_WORKER__METRICS_PORT=str(port)) as worker,
    ):
        workers_url = f"http://127.0.0.1:{port}"
        wait_until_ready(workers_url, worker, lambda: strata.log("worker"), "/metrics")

        own = exposed_series(workers_url) | exposed_series(url)
        # Prometheus renames such a label to `exported_job`, and queries by `job` read the one of the target.
        assert not {name for name, labels in own.items() if labels & OF_TARGETS}
        collector.mode = "refusing_once"
        known = consumers(strata)
        Traffic(url, known).one_round()
        # The exporter sends spans, which the collector rejects, a few seconds later.
        deadline = time.monotonic() + PATIENCE
        while missing := missing_series(exposed_series(workers_url) | exposed_series(url)):
            if time.monotonic() > deadline:
                break
            Traffic(url, known).one_round()
    assert not missing, as_report(missing)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ('rate(a_total{b="c"}[5m])', {Reading("a_total", frozenset({"b"}))}),
        (
            "sum by (x, le) (rate(a_bucket[1m])) / on (e) b",
            {Reading("a_bucket", frozenset({"x", "le", "e"})), Reading("b", frozenset({"e"}))},
        ),
        ("topk(3, count by (x) (a > 0)) or vector(0)", {Reading("a", frozenset({"x"}))}),
    ],
)
def test_readings_are_found_in_every_kind_of_expression(expr: str, expected: set[Reading]) -> None:
    assert readings(expr) == expected
