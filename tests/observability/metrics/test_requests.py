"""The series of one request, and the names, labels and bounds of every instrument of this package."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from observability.conformance.metrics import ConformanceMetrics
from observability.metrics.metrics import CONSUMER_SERIES, FINE_BUCKETS, Metrics
from observability.metrics.multiprocess.layout import Family
from observability.metrics.requests import BUCKETS, RequestMetrics, RequestMetricsListener
from observability.metrics.sampler import EventLoopMetrics, sampler_running
from observability.requests.context import RequestContext
from observability.tracing.metrics import SpanMetrics
from tests.observability.metrics.test_aggregation import scraped

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0b1902b7"
SECONDS = "http_server_request_duration_seconds"


def finished(**values: Any) -> RequestContext:
    context = RequestContext("id", TRACE, SPAN, parent_span_id=None, api_version=values.pop("api_version", "v901"))
    facts = {"method": "GET", "route": "/api/v901/posts", "status": 200, "duration": 0.03, **values}
    for name, value in facts.items():
        setattr(context, name, value)
    return context


def scope_of(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": list(headers)}


def observed(metrics: Metrics, *contexts: RequestContext, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    listener = RequestMetricsListener(metrics=metrics.group(RequestMetrics), deprecated={"v901"})
    scope = scope_of(*headers)
    for context in contexts:
        listener.on_start(scope, context)
    listener.on_end([(scope, context) for context in contexts])


def labels(**values: str) -> frozenset[tuple[str, str]]:
    return frozenset(values.items())


def test_a_request_is_counted_in_each_of_its_series() -> None:
    metrics = Metrics(("v901", "v2"))
    known = {"consumer": "key_1", "consumer_tier": "pro"}
    observed(
        metrics,
        finished(**known),
        finished(**known, status=429, duration=0.5, sampled=True),
        finished(status=None, method="POST", duration=2.0),
        finished(api_version=None, route="/health", duration=0.3),
    )
    found = scraped(metrics.registry)
    common = {"http_route": "/api/v901/posts", "api_version": "v901"}
    assert found.series(f"{SECONDS}_sum") == {
        labels(**common, http_request_method="GET", http_response_status_code="200"): 0.03,
        labels(**common, http_request_method="GET", http_response_status_code="429"): 0.5,
        labels(**common, http_request_method="POST", http_response_status_code="500"): 2.0,
        labels(
            http_route="/health", api_version="none", http_request_method="GET", http_response_status_code="200"
        ): 0.3,
    }
    assert found.series("api_requests_total") == {
        labels(api_version="v901", outcome="ok"): 1,
        labels(api_version="v901", outcome="rejected"): 1,
        labels(api_version="v901", outcome="failed"): 1,
    }
    assert found.series("api_reads_total") == {
        labels(api_version="v901", outcome="fast"): 1,
        labels(api_version="v901", outcome="slow"): 1,
    }
    assert found.series("api_consumer_requests_total") == {
        labels(consumer="key_1", api_version="v901", outcome="success"): 1,
        labels(consumer="key_1", api_version="v901", outcome="rate_limited"): 1,
        labels(consumer="anonymous", api_version="v901", outcome="server_error"): 1,
    }
    assert found.series("api_consumer_request_seconds_total") == {
        labels(consumer="key_1", api_version="v901"): 0.53,
        labels(consumer="anonymous", api_version="v901"): 2.0,
    }
    assert found.series("api_deprecated_requests_total") == {
        labels(api_version="v901", consumer_tier="pro"): 2,
        labels(api_version="v901", consumer_tier="anonymous"): 1,
    }
    assert set(found.series("http_server_active_requests").values()) == {0}
    # Only a trace that is exported can be looked up.
    (exemplar,) = found.exemplars(f"{SECONDS}_bucket")
    assert (exemplar.labels, exemplar.value) == ({"trace_id": TRACE, "span_id": SPAN}, 0.5)


def test_requests_in_flight_are_counted_by_version() -> None:
    metrics = Metrics(("v901", "v2"))
    listener = RequestMetricsListener(metrics=metrics.group(RequestMetrics))
    contexts = [finished(api_version=version) for version in ("v901", "v901", "v2", None)]
    for context in contexts:
        listener.on_start(scope_of(), context)
    active = metrics.registry.get_sample_value
    for version, count in (("v901", 2), ("v2", 1), ("none", 1)):
        assert active("http_server_active_requests", {"api_version": version}) == count
    listener.on_end([(scope_of(), context) for context in contexts[1:]])
    assert active("http_server_active_requests", {"api_version": "v901"}) == 1
    assert active("http_server_active_requests", {"api_version": "v2"}) == 0


def length(value: bytes) -> tuple[bytes, bytes]:
    return b"content-length", value


@pytest.mark.parametrize(
    ("method", "headers", "bytes_in"),
    [
        ("POST", [length(b"12")], 12),
        ("PATCH", [(b"accept", b"*/*"), length(b"0")], 0),
        ("DELETE", [length(b"123456789012345")], 123456789012345),
        ("POST", [length(b"1234567890123456")], None),
        ("POST", [length(b"12"), length(b"12")], None),
        ("POST", [length(b"-1")], None),
        ("POST", [length(b"")], None),
        ("POST", [], None),
        ("GET", [length(b"12")], None),
        ("HEAD", [length(b"12")], None),
        ("OTHER", [length(b"12")], None),
    ],
)
def test_announced_bodies_are_counted_by_route_and_method(
    method: str, headers: list[tuple[bytes, bytes]], bytes_in: int | None
) -> None:
    metrics = Metrics(("v901",))
    observed(metrics, finished(method=method), headers=tuple(headers))
    found = scraped(metrics.registry)
    place = labels(handler="/api/v901/posts", method=method)
    assert found.series("http_server_request_body_size_bytes_sum") == ({} if bytes_in is None else {place: bytes_in})
    assert found.series("http_server_request_body_size_bytes_count") == ({} if bytes_in is None else {place: 1})


def test_a_library_without_the_counter_of_bodies_costs_no_request() -> None:
    metrics = Metrics(("v901",))
    metrics.group(RequestMetrics).count_body = None
    observed(metrics, finished(method="POST"), headers=(length(b"12"),))
    assert scraped(metrics.registry).sum("api_requests_total") == 1


def test_without_versions_no_consumer_is_counted() -> None:
    metrics = Metrics()
    assert metrics.consumers is None
    observed(metrics, finished(consumer="key_1"))
    metrics.sample()
    assert scraped(metrics.registry).series("api_consumer_requests_total") == {}


def test_a_thousand_series_of_consumers_by_default() -> None:
    assert CONSUMER_SERIES == 1000
    metrics = Metrics(("v901",))
    assert metrics.consumers is not None
    # Five series each: four outcomes and the seconds; two of the 200 places are those of other and anonymous.
    for number in range(199):
        metrics.consumers.count(f"key_{number}", "v901", "success")
    found = scraped(metrics.registry).series("api_consumer_requests_total")
    assert found[labels(consumer="other", api_version="v901", outcome="success")] == 2, (
        "the last, and the one it replaced"
    )


def test_instruments_have_the_names_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dashboards, rules and the queries of operators use these names and labels."""
    declared: dict[str, Family] = {}
    declare = Metrics._declare

    def recorded(metrics: Metrics, family: Family) -> Family:
        declared[family.name] = family
        return declare(metrics, family)

    monkeypatch.setattr(Metrics, "_declare", recorded)
    metrics = Metrics(("v901",))
    for group in (RequestMetrics, EventLoopMetrics, ConformanceMetrics, SpanMetrics):
        metrics.group(group)
    assert BUCKETS == (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
    assert FINE_BUCKETS == (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
    assert {name: (family.kind, family.labels, family.bounds) for name, family in declared.items()} == {
        SECONDS: (
            "histogram",
            ("api_version", "http_route", "http_request_method", "http_response_status_code"),
            BUCKETS,
        ),
        "http_server_active_requests": ("gauge", ("api_version",), ()),
        "api_deprecated_requests": ("counter", ("api_version", "consumer_tier"), ()),
        "api_requests": ("counter", ("api_version", "outcome"), ()),
        "api_reads": ("counter", ("api_version", "outcome"), ()),
        "event_loop_lag_seconds": ("histogram", (), FINE_BUCKETS),
        "api_contract_checked": ("counter", ("api_version", "direction", "outcome"), ()),
        "api_contract_violations": ("counter", ("api_version", "http_route", "direction", "rule"), ()),
        "api_contract_dropped": ("counter", ("reason",), ()),
        "trace_spans_exported": ("counter", (), ()),
        "trace_spans_dropped": ("counter", ("reason",), ()),
    }
    assert {family.merge for family in declared.values()} == {"sum"}


async def test_the_lag_is_the_time_by_which_the_loop_was_late(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    metrics, now, sampled = Metrics(), 100.0, 0

    def count() -> None:
        nonlocal sampled
        sampled += 1

    late = iter([0.0, 0.02, -0.1, 0.3, 0.0, 0.0])
    slept: list[float] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        lag = next(late, None)
        if lag is None:
            done.set()
            await asyncio.Future()
        now += seconds + (lag or 0.0)

    monkeypatch.setattr(metrics, "sample", count)
    with monkeypatch.context() as patched:
        patched.setattr("observability.metrics.sampler.asyncio.sleep", sleep)
        patched.setattr(loop, "time", lambda: now)
        async with sampler_running(metrics):
            await done.wait()
            during = sampled
    found = scraped(metrics.registry)
    assert set(slept) == {0.25}
    assert during == 2, "once a second, of seven looks"
    assert sampled == 3
    assert found.sum("event_loop_lag_seconds_count") == 6
    assert found.sum("event_loop_lag_seconds_sum") == pytest.approx(0.32)
    assert found.sum("event_loop_lag_seconds_bucket", le="0.0005") == 4, "a loop cannot be early"


def test_conformance_and_spans_are_counted_in_their_series() -> None:
    metrics = Metrics(("v901",))
    conformance, spans = metrics.group(ConformanceMetrics), metrics.group(SpanMetrics)
    conformance.start_at_zero(["v901"], ["queue_full", "failed"])
    conformance.count_checked("v901", "response", conforms=True)
    for _ in range(2):
        conformance.count_checked("v901", "request", conforms=False)
        conformance.count_dropped("failed")
    conformance.count_violation("v901", "/a", "request", "body")
    spans.count_exported(3)
    spans.count_dropped("refused", 2)
    spans.count_dropped("refused", 5)
    found = scraped(metrics.registry)

    def of(name: str) -> Mapping[frozenset[tuple[str, str]], float]:
        return found.series(f"{name}_total")

    assert of("api_contract_checked") == {
        labels(api_version="v901", direction="response", outcome="conforms"): 1,
        labels(api_version="v901", direction="response", outcome="violates"): 0,
        labels(api_version="v901", direction="request", outcome="conforms"): 0,
        labels(api_version="v901", direction="request", outcome="violates"): 2,
    }
    assert of("api_contract_dropped") == {labels(reason="queue_full"): 0, labels(reason="failed"): 2}
    assert of("api_contract_violations") == {
        labels(api_version="v901", http_route="/a", direction="request", rule="body"): 1
    }
    assert of("trace_spans_exported") == {labels(): 3}
    assert of("trace_spans_dropped") == {labels(reason="refused"): 7}
