"""What metrics count: results, speeds and buckets at their bounds, and how the values of processes are combined."""

from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from observability.metrics.exposition import Exposition
from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.layout import Exemplar, Family
from observability.metrics.multiprocess.snapshot import Merged
from observability.metrics.requests import READ_LIMIT, RequestMetrics, outcome, result_of
from observability.metrics.sampler import sampler_running
from observability.requests.context import RequestContext
from tests.support.waiting import eventually

LABELS = ("a",)


def text(metrics: Metrics) -> list[str]:
    return metrics.registry.text().decode().splitlines()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, ("ok", "success")),
        (399, ("ok", "success")),
        (400, ("client_error", "client_error")),
        (429, ("rejected", "rate_limited")),
        (499, ("disconnected", "client_error")),
        (500, ("failed", "server_error")),
        (501, ("client_error", "client_error")),
        (503, ("failed", "server_error")),
    ],
)
def test_the_outcome_of_each_status(status: int, expected: tuple[str, str]) -> None:
    assert (result_of(status), outcome(status)) == expected


def request(method: str, seconds: float, tier: str | None = None) -> RequestContext:
    context = RequestContext("id", "1" * 32, "2" * 16, parent_span_id=None, parent_sampled=None, api_version="v901")
    context.method, context.duration, context.route, context.consumer_tier = method, seconds, "/api/v901/posts", tier
    return context


@pytest.mark.parametrize(
    ("method", "seconds", "fast", "slow"),
    [
        ("GET", READ_LIMIT, 1, 0),
        ("GET", READ_LIMIT + 0.001, 0, 1),
        ("HEAD", 0.0, 1, 0),
        ("POST", 0.0, 0, 0),
        ("DELETE", 9.0, 0, 0),
    ],
)
def test_reads_are_fast_up_to_250_ms(method: str, seconds: float, fast: int, slow: int) -> None:
    assert READ_LIMIT == 0.25
    metrics = Metrics(("v901", "v2"))
    requests = RequestMetrics(metrics)
    requests.start_at_zero(("v901",))
    requests.observe(request(method, seconds), 200)
    lines = text(metrics)
    assert f'api_reads_total{{api_version="v901",outcome="fast"}} {float(fast)}' in lines
    assert f'api_reads_total{{api_version="v901",outcome="slow"}} {float(slow)}' in lines


def test_requests_to_a_deprecated_version_are_counted_by_plan() -> None:
    metrics = Metrics(("v901", "v2"))
    requests = RequestMetrics(metrics)
    for tier, deprecated in ((None, {"v901"}), ("pro", {"v901"}), ("pro", {"v901"}), ("pro", {"v2"})):
        requests.observe(request("GET", 0.0, tier), 200, deprecated)
    found = {line for line in text(metrics) if line.startswith("api_deprecated_requests_total")}
    assert found == {
        'api_deprecated_requests_total{api_version="v901",consumer_tier="anonymous"} 1.0',
        'api_deprecated_requests_total{api_version="v901",consumer_tier="pro"} 2.0',
    }


def test_a_value_equal_to_a_bound_is_in_its_bucket() -> None:
    metrics = Metrics()
    histogram = metrics.histogram("h", "H.", (), (1.0, 2.0)).labels()
    for value in (1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    found = [line for line in text(metrics) if line.startswith("h_")]
    assert found == [
        'h_bucket{le="1.0"} 1.0',
        'h_bucket{le="2.0"} 3.0',
        'h_bucket{le="+Inf"} 4.0',
        "h_count 4.0",
        "h_sum 7.0",
    ]


@pytest.mark.parametrize(("merge", "expected"), [("sum", 9.0), ("max", 5.0), ("min", 1.0)])
def test_gauges_of_several_processes_are_combined(merge: Any, expected: float) -> None:
    merged, family = Merged(), Family("g", "gauge", "G.", ("l",), merge)
    for value in (3.0, 1.0, 5.0):
        merged.add(family, LABELS, [value], {})
    assert merged.points["g"][LABELS].values == [expected]


@pytest.mark.parametrize("times", [(1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (2.0, 3.0, 1.0)])
def test_the_newest_exemplar_of_a_bucket_is_exposed(times: tuple[float, ...]) -> None:
    merged, family = Merged(), Family("h", "histogram", "H.", ("l",), bounds=(1.0,))
    for time in times:
        merged.add(family, LABELS, [1.0, 0.0, 0.5], {0: Exemplar(0.5, time, f"{time}", "2" * 16)})
    assert merged.points["h"][LABELS].exemplars[0].time == 3.0
    assert merged.points["h"][LABELS].values == [3.0, 0.0, 1.5]


async def test_the_sampler_publishes_while_it_runs_and_at_its_end() -> None:
    metrics, samples = Metrics(), []
    sample = metrics.sample
    metrics.sample = lambda: (samples.append(1), sample())[1]  # type: ignore[method-assign]  # counts the calls

    async def sampled() -> bool:
        return len(samples) >= 2

    async with sampler_running(metrics):
        await eventually(sampled)
        running = len(samples)
    assert len(samples) > running
    lag = {
        line.split()[0]: float(line.split()[1]) for line in text(metrics) if line.startswith("event_loop_lag_seconds")
    }
    assert lag["event_loop_lag_seconds_count"] >= 4


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("", 401), ("Bearer other", 401), ("secret", 401), ("Bearer secret", 200)]
)
async def test_the_endpoint_needs_its_token(header: str | None, status: int) -> None:
    app = Starlette(routes=[Route("/metrics", Exposition(Metrics().registry, "secret"))])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://strata.test") as client:
        response = await client.get("/metrics", headers={} if header is None else {"Authorization": header})
    assert response.status_code == status
    if status == 200:
        assert response.headers["Cache-Control"] == "no-store"
        assert "Accept-Encoding" in response.headers["Vary"]
