"""A running server exposes every series that a dashboard, a rule or a runbook reads, with the labels that it reads."""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from observability.dashboards.files import BOARDS
from observability.rules import alerts, recording
from observability.rules.clock import PRODUCTION
from observability.slo import OBJECTIVES
from tests.support.collector import OTLP_ENDPOINT, collecting
from tests.support.live import Strata, free_port, wait_until_ready
from tests.support.other_contracts import audited
from tests.support.postgres import clone
from tests.support.promql import Reading, readings
from tests.support.traffic import Traffic, consumers
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
OF_PROMETHEUS = {
    "up": frozenset[str](),
    "scrape_duration_seconds": frozenset(),
    "scrape_samples_scraped": frozenset(),
    "ALERTS": frozenset({"alertname", "alertstate", "severity"}),
}
OF_TARGETS = frozenset({"environment", "job", "instance"})
INLINE_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
RULES = [rule for rules in recording.groups(PRODUCTION).values() for rule in rules]
RECORDED = {rule.name: frozenset({"slo", *(slo.by for slo in OBJECTIVES)}) for rule in RULES}


def of_dashboards() -> Iterator[tuple[str, str]]:
    """The place of each expression, and the expression."""
    for board in BOARDS:
        for panel in board.panels():
            for query in panel.queries:
                yield f"{board.uid}: {panel.title}", query.expr
        for variable in board.variables:
            yield f"{board.uid}: ${variable.name}", f"count by ({variable.name}) ({variable.metric})"


def of_rules() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule.name, rule.expr
    for group in alerts.groups(PRODUCTION).values():
        for alert in group:
            yield alert.name, alert.expr


def is_promql(code: str) -> bool:
    """Whether it is PromQL, and not a query in another language."""
    try:
        return bool(readings(code))
    except ValueError:
        return False


def of_runbooks() -> Iterator[tuple[str, str]]:
    """Queries in blocks and, if they have a selector with labels or a range, within a sentence."""
    for path in (ROOT / "grafana/runbooks").glob("*.md"):
        for code in INLINE_CODE.findall(path.read_text()):
            if re.search(r"\w[{\[]", code) and is_promql(code):
                yield path.name, code
        for block in re.findall(r"```promql\n(.*?)```", path.read_text(), re.DOTALL):
            for line in re.sub(r"\n {4,}", " ", block).splitlines():
                if line.strip():
                    yield path.name, line


def exposed_series(url: str) -> dict[str, frozenset[str]]:
    """Each metric that has a series, and the labels of its series."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(httpx2.get(f"{url}/metrics", headers=accept, timeout=10).text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, frozenset()) | set(sample.labels)
    return found


def missing_series(exposed: Mapping[str, frozenset[str]]) -> dict[Reading, str]:
    """The series that are read and not exposed, each with one place that reads it."""
    known = OF_PROMETHEUS | RECORDED | exposed
    return {
        reading: where
        for where, expr in (*of_dashboards(), *of_rules(), *of_runbooks())
        for reading in readings(expr)
        if reading.metric not in known or not reading.labels <= known[reading.metric] | OF_TARGETS
    }


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
    report = [
        f"{reading.metric}{{{','.join(sorted(reading.labels - OF_TARGETS))}}} for {where}"
        for reading, where in missing.items()
    ]
    assert not report, "\n".join(report)


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
