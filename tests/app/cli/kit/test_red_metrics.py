"""Rate, errors and durations from two scrapes."""

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from app.cli.kit.red_metrics import compare, quantile, read
from observability.metrics.metrics import Metrics
from observability.metrics.requests import BUCKETS, RequestMetrics


def observe(metrics: Metrics, status: int, *seconds: float) -> None:
    for value in seconds:
        metrics.group(RequestMetrics).duration.labels("v2", "/api/v2/posts", "GET", status).observe(value)


def test_only_requests_between_the_scrapes_count() -> None:
    metrics = Metrics()
    observe(metrics, 200, *[9.0] * 50)
    before = read(generate_latest(metrics.registry).decode())
    observe(metrics, 200, *[0.02] * 95)
    observe(metrics, 503, *[2.0] * 5)
    (row,) = compare(before, read(generate_latest(metrics.registry).decode()), 10.0)
    assert (row.version, row.method, row.route) == ("v2", "GET", "/api/v2/posts")
    assert (row.rate, row.errors) == (10.0, 0.05)
    assert row.p50 is not None
    assert 0.01 < row.p50 <= 0.025
    assert row.p99 is not None
    assert 1.0 < row.p99 <= 2.5
    assert compare(before, before, 10.0) == []


@given(st.lists(st.floats(0, 9.9, allow_nan=False), min_size=1, max_size=100), st.floats(0.01, 1))
def test_a_quantile_is_in_the_bucket_of_the_value(values: list[float], share: float) -> None:
    counts = {bound: float(sum(value <= bound for value in values)) for bound in (*BUCKETS, math.inf)}
    found = quantile(counts, share)
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    upper = min(bound for bound in BUCKETS if exact <= bound)
    lower = max((bound for bound in BUCKETS if bound < exact), default=0.0)
    assert found is not None
    assert lower <= found <= upper or math.isclose(found, lower) or math.isclose(found, upper)


def test_without_requests_there_is_no_quantile() -> None:
    assert quantile({0.1: 0.0, math.inf: 0.0}, 0.5) is None
