"""Spans of jobs, and which of them are exported."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from observability.logs.configuration import configure
from observability.requests.trace_context import format_traceparent
from observability.tracing.config import TracingConfig
from observability.tracing.jobs import job_span
from observability.tracing.local import read_ring
from observability.tracing.recording import RECORDING, client_span
from observability.tracing.tracer import Tracing
from tests.observability.tracing.test_spans import PARENT, TRACE, Counts
from tests.support.waiting import PATIENCE


@pytest.fixture
def tracing(tmp_path: Path) -> Callable[..., Any]:
    """Exports to a local ring during the block, and returns the spans that it has afterwards."""

    @contextmanager
    def run(**settings: Any) -> Iterator[tuple[Tracing, list[dict[str, Any]]]]:
        tracing = Tracing(TracingConfig(**{"ring": tmp_path / "traces", "sample_ratio": 1.0, **settings}))
        counts, found = Counts(), []  # type: ignore[var-annotated]  # filled below
        tracing.start(counts, {"db.namespace": "strata"})
        assert tracing.exporting
        # A busy machine may need more than the second after which closing gives up.
        pipeline: Any = tracing._pipeline
        pipeline._queue._close_seconds = PATIENCE
        try:
            yield tracing, found
        finally:
            tracing.close()
            assert not tracing.exporting
            found += [span for trace in read_ring(tmp_path / "traces") for span in trace.spans]
            assert counts.exported == len(found)

    return run


def test_a_job_continues_the_trace_of_its_request(tracing: Callable[..., Any]) -> None:
    stream = io.BytesIO()
    configure("info", "json", stream)
    parent = format_traceparent(TRACE, PARENT, sampled=True)
    with tracing() as (tracer, found), job_span(tracer, "auth.send", parent, attempt=2):
        structlog.get_logger().info("sent")
        with client_span("SELECT posts", {"db.system.name": "postgresql"}), client_span("deliver", {"a": 1}):
            pass
    by_name = {span["name"]: span for span in found}
    assert len(found) == 3
    job = by_name["process auth.send"]
    assert (job["kind"], job["parent_span_id"], job["error"]) == ("consumer", PARENT, False)
    assert job["attributes"] == {
        "messaging.system": "pgqueuer",
        "messaging.destination.name": "auth.send",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "strata.job.attempt": 2,
    }
    for name, attributes in {
        "SELECT posts": {"db.system.name": "postgresql", "db.namespace": "strata"},
        "deliver": {"a": 1},
    }.items():
        assert by_name[name]["attributes"] == attributes, "only statements have the facts of the database"
        assert by_name[name]["parent_span_id"] == job["span_id"]
        assert by_name[name]["kind"] == "client"
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["trace_id"], line["span_id"]) == (TRACE, job["span_id"])
    assert "trace_id" not in structlog.contextvars.get_contextvars()


@pytest.mark.parametrize("traceparent", [None, 7, "garbage", b"00-a-b-01"])
def test_a_job_without_a_trace_starts_one(tracing: Callable[..., Any], traceparent: object) -> None:
    with tracing() as (tracer, found), job_span(tracer, "a", traceparent, attempt=1):
        recording = RECORDING.get()
    assert recording is not None
    (job,) = found
    assert (job["parent_span_id"], job["span_id"]) == (None, recording.span_id)
    assert recording.trace_id != TRACE


def test_a_failed_job_is_exported_whatever_the_sample(tracing: Callable[..., Any]) -> None:
    with tracing(sample_ratio=0.0, slow_threshold=PATIENCE) as (tracer, found):
        with pytest.raises(ValueError, match="ada"), job_span(tracer, "bad", None, attempt=1):
            raise ValueError("ada@example.com")
        with job_span(tracer, "good", None, attempt=1):
            pass
        with job_span(tracer, "unsampled", format_traceparent(TRACE, PARENT, sampled=False), attempt=1):
            pass
        with job_span(tracer, "sampled", format_traceparent(TRACE, PARENT, sampled=True), attempt=1):
            pass
    by_name = {span["name"]: span for span in found}
    assert by_name.keys() == {"process bad", "process sampled"}
    bad = by_name["process bad"]
    assert (bad["error"], bad["attributes"]["error.type"]) == (True, "ValueError")
    (event,) = bad["events"]
    assert event["name"] == "exception"
    assert event["attributes"]["exception.type"] == "builtins.ValueError"
    assert event["attributes"]["exception.message"] == "[redacted]"
    assert "error.type" not in by_name["process sampled"]["attributes"]
    assert by_name["process sampled"]["events"] == []


def test_a_job_may_fail_without_raising_and_in_another_system(tracing: Callable[..., Any]) -> None:
    with (
        tracing(sample_ratio=0.0, slow_threshold=PATIENCE) as (tracer, found),
        job_span(tracer, "webhook", None, attempt=3, system="strata") as span,
    ):
        span.error = TimeoutError("of ada@example.com")
    (job,) = found
    assert (job["error"], job["attributes"]["error.type"]) == (True, "TimeoutError")
    assert (job["attributes"]["messaging.system"], job["attributes"]["strata.job.attempt"]) == ("strata", 3)
    assert [event["attributes"]["exception.message"] for event in job["events"]] == ["of [redacted]"]


def test_a_slow_job_is_exported_and_an_interrupted_one_too(tracing: Callable[..., Any]) -> None:
    with tracing(sample_ratio=0.0, slow_threshold=0.02) as (tracer, found):
        with job_span(tracer, "slow", None, attempt=1):
            time.sleep(0.03)
        with pytest.raises(KeyboardInterrupt), job_span(tracer, "interrupted", None, attempt=1):
            raise KeyboardInterrupt
    assert {span["name"] for span in found} == {"process slow", "process interrupted"}
    slow = next(span for span in found if span["name"] == "process slow")
    assert 30 <= slow["duration_ms"] < 10_000


def test_without_a_destination_nothing_is_built() -> None:
    tracer = Tracing(TracingConfig(sample_ratio=1.0))
    tracer.start(Counts())
    assert not tracer.exporting
    with job_span(tracer, "a", None, attempt=1), client_span("b", {}):
        pass
    tracer.close()
