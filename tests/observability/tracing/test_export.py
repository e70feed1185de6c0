"""A collector that is absent, rejects, hangs or dies loses spans, and has no other effect."""

import asyncio
import io
import logging
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind

from observability.metrics.metrics import Metrics
from observability.requests.trace_context import new_ids
from observability.tracing import pipeline as pipeline_module
from observability.tracing.collector import Collector as Destination
from observability.tracing.config import TracingConfig
from observability.tracing.local import read_ring
from observability.tracing.metrics import SpanMetrics
from observability.tracing.pipeline import Pipeline
from observability.tracing.recording import MOST_CHILDREN, Child, Recording, client_span, producer_span, use_recording
from observability.tracing.ring import RingWriter
from observability.tracing.sampling import Sampler
from observability.tracing.spans import Finished, build, finish_recording, make_resource
from tests.support.collector import Collector
from tests.support.live import free_port
from tests.support.waiting import stretched

Lines = Callable[[], list[dict[str, Any]]]
TIMEOUT = 1.0
"""Seconds; the duration of a request that waited for the collector."""
EXPORTED, DROPPED = "trace_spans_exported_total", "trace_spans_dropped_total"


@pytest.fixture
def log(capture: io.BytesIO) -> Lines:
    """The log lines about export."""

    def read() -> list[dict[str, Any]]:
        parsed = [orjson.loads(line) for line in capture.getvalue().splitlines()]
        # Loggers of the process write too, such as that of a busy event loop.
        return [line for line in parsed if line["event"].startswith("trace_")]

    return read


async def load(app: Any, requests: int = 60) -> float:
    """Send requests for some seconds; return the duration of the longest one."""
    longest = 0.0
    for _ in range(requests):
        started = time.perf_counter()
        response = await app.client.get("/api/v2/posts/7")
        longest = max(longest, time.perf_counter() - started)
        assert response.status_code == 200
        await asyncio.sleep(0.03)
    return longest


@pytest.mark.parametrize(
    ("mode", "reason"), [("refusing", "refused"), ("unavailable", "refused"), ("hanging", "unreachable")]
)
async def test_failing_collector_loses_only_spans(
    collector: Collector, traced: Any, log: Lines, mode: Any, reason: str
) -> None:
    collector.mode = mode
    async with traced(timeout=TIMEOUT) as app:
        assert await load(app) < stretched(TIMEOUT / 3)
        started = time.perf_counter()
    assert time.perf_counter() - started < stretched(1)
    assert collector.spans == []
    dropped = app.count(DROPPED)
    assert dropped[reason] > 0
    assert sum(dropped.values()) == 60
    assert app.count(EXPORTED) == {"": 0}
    assert [(line["event"], line["level"], line["reason"]) for line in log()] == [
        ("trace_export_failing", "warning", reason)
    ]


async def test_absent_collector_loses_only_spans(traced: Any, log: Lines) -> None:
    async with traced(endpoint=f"http://127.0.0.1:{free_port()}", timeout=TIMEOUT) as app:
        assert await load(app) < stretched(TIMEOUT / 3)
    assert sum(app.count(DROPPED).values()) == 60
    assert [line["event"] for line in log()] == ["trace_export_failing"]


async def test_collector_may_restart(traced: Any, log: Lines) -> None:
    first = Collector()
    async with traced(endpoint=first.url, timeout=0.3) as app:
        await load(app, 20)
        first.close()
        await load(app, 60)
        second = Collector(first.port)
        try:
            await load(app, 60)
            await asyncio.to_thread(second.wait, lambda c: c.spans)
        finally:
            await asyncio.to_thread(app.tracing.close)
            second.close()
    exported, dropped = app.count(EXPORTED)[""], sum(app.count(DROPPED).values())
    assert exported + dropped == 140
    assert len(first.spans) + len(second.spans) >= exported > 0
    assert [line["event"] for line in log()] == ["trace_export_failing", "trace_export_recovered"]


def test_the_reason_is_that_of_this_delivery_and_the_exporter_logs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    destination = Destination("http://127.0.0.1:1", 1.0, make_resource(TracingConfig()))
    responses = iter([True, False])

    def export(_spans: object) -> SpanExportResult:
        if next(responses):
            destination._record_response(requests.Response())
        return SpanExportResult.FAILURE

    monkeypatch.setattr(destination._exporter, "export", export)
    assert [destination.deliver([]) for _ in range(2)] == ["refused", "unreachable"]
    assert not logging.getLogger("opentelemetry.exporter.otlp").isEnabledFor(logging.ERROR)


def done(children: int = 0, late: float = 0.0) -> Finished:
    """Build a trace that ended ``late`` seconds ago."""
    trace_id, span_id = new_ids()
    recording = Recording(trace_id, span_id, sampled=True)
    for number in range(children):
        with Child(recording, f"SELECT {number}", SpanKind.CLIENT, {}):
            pass
    return finish_recording(
        recording,
        "GET /x",
        SpanKind.SERVER,
        parent_span_id=None,
        ended=time.perf_counter() - late,
        duration=0.5,
        attributes=lambda: {"n": 1},
        error=None,
        database={},
    )


class Stuck:
    """A destination that takes one batch and never returns."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.batches = 0

    def deliver(self, _batch: list[Finished]) -> str | None:
        self.batches += 1
        time.sleep(self.seconds)
        return None

    def interrupt(self) -> None:
        """Ignored."""


def counts(metrics: Metrics) -> dict[str, float]:
    return {
        sample.labels["reason"]: sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == DROPPED
    }


def test_queue_is_bounded_and_close_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "_MOST_WAITING", 10)
    metrics, stuck = Metrics(), Stuck(4)
    pipeline = Pipeline(stuck, metrics.group(SpanMetrics), pause=0.01)
    pipeline.start()
    pipeline.submit(done())
    while not stuck.batches:
        time.sleep(0.01)
    for _ in range(15):
        pipeline.submit(done(children=1))
    started = time.perf_counter()
    pipeline.close()
    assert time.perf_counter() - started < stretched(1)
    pipeline.submit(done())
    assert counts(metrics) == {"queue_full": 10, "shutdown": 22}


def test_exception_in_a_destination_is_counted_and_does_not_end_the_thread() -> None:
    class Broken(Stuck):
        def deliver(self, batch: list[Finished]) -> str | None:
            super().deliver(batch)
            raise ValueError

    metrics, broken = Metrics(), Broken(0)
    pipeline = Pipeline(broken, metrics.group(SpanMetrics), pause=0.01)
    pipeline.start()
    for number in range(1, 3):
        pipeline.submit(done())
        while counts(metrics).get("ValueError") != number:
            time.sleep(0.01)
    pipeline.close()
    assert broken.batches == 2


def test_ring_is_bounded_in_bytes_and_files(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    for number in range(30):
        (folder / f"strata-{number}.jsonl").write_bytes(b'{"trace_id": "half')
    ring = RingWriter(folder, make_resource(TracingConfig()), segment_bytes=20_000)
    for _ in range(200):
        assert ring.deliver([done(children=3)]) is None
    newest = done(children=3)
    assert ring.deliver([newest]) is None
    files = list(folder.iterdir())
    assert len(files) <= 17
    assert sum(file.stat().st_size for file in files) < 45_000
    traces = read_ring(folder)
    assert traces[0].trace_id == newest.recording.trace_id
    assert [span["name"] for span in traces[0].below(newest.recording.span_id)] == ["SELECT 0", "SELECT 1", "SELECT 2"]
    assert all(one.started_ns >= other.started_ns for one, other in pairwise(traces))


def test_unwritable_ring_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "traces").write_text("a file")
    assert RingWriter(tmp_path / "traces", make_resource(TracingConfig())).deliver([done()]) == "unwritable"


def test_a_share_of_traces_is_sampled_and_services_select_the_same() -> None:
    one, other = (Sampler(TracingConfig(sample_ratio=0.1)) for _ in range(2))
    ids = [new_ids() for _ in range(20_000)]
    sampled = [one.root(trace_id, span_id, None) for trace_id, span_id in ids]
    assert 0.08 < sum(sampled) / len(ids) < 0.12
    assert sampled == [other.root(trace_id, span_id, None) for trace_id, span_id in ids]
    chosen = "0" * 31 + "1"
    foreign = [one.root(chosen, span_id, parent) for _, span_id in ids[:5_000] for parent in (True, False)]
    assert 0.05 < sum(foreign) / len(foreign) < 0.15


def test_end_of_a_trace_is_independent_of_its_submission() -> None:
    before = time.time_ns()
    spans = build(
        done(children=1, late=30.0), make_resource(TracingConfig(service="s", version="1", environment="test"))
    )
    after = time.time_ns()
    end = spans[0].end_time or 0
    assert before - 30_100_000_000 <= end <= after - 29_900_000_000
    assert end - (spans[0].start_time or 0) == pytest.approx(500_000_000, abs=1_000)


def test_children_are_bounded_and_need_a_recording() -> None:
    with client_span("SELECT posts", {}), producer_span("send x", {}) as traceparent:
        assert traceparent is None
    finished_trace = done(children=MOST_CHILDREN + 5)
    spans = build(finished_trace, make_resource(TracingConfig()))
    assert len(spans) == finished_trace.size == MOST_CHILDREN + 1
    assert spans[0].attributes == {"n": 1, "strata.dropped_spans": 5}


def test_exception_in_a_block_is_the_error_of_its_span() -> None:
    recording = Recording(*new_ids(), sampled=False)
    with use_recording(recording), pytest.raises(ZeroDivisionError), client_span("SELECT posts", {"a": 1}):
        _ = 1 / 0
    (child,) = recording.children
    assert (child.name, child.error, child.started <= child.ended) == ("SELECT posts", "ZeroDivisionError", True)
