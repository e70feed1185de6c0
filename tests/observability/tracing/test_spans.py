"""Spans of statements and calls: names, attributes, parents, times, and which traces are sampled."""

import os
import time
from contextlib import suppress

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from observability.requests.trace_context import format_traceparent, new_ids
from observability.tracing.config import TracingConfig
from observability.tracing.messaging import processing, sending
from observability.tracing.recording import (
    RECORDING,
    Child,
    Recording,
    client_span,
    current_trace_id,
    current_traceparent,
    producer_span,
    record_failure,
    use_recording,
)
from observability.tracing.sampling import Sampler
from observability.tracing.spans import build, exception_attributes, finish_recording, make_resource
from observability.tracing.sql import statement_span

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Counts:
    """Counts exported and dropped spans."""

    def __init__(self) -> None:
        self.exported = 0
        self.dropped: dict[str, int] = {}

    def count_exported(self, spans: int) -> None:
        self.exported += spans

    def count_dropped(self, reason: str, spans: int) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + spans


@pytest.mark.parametrize(
    ("ratio", "trace_id", "expected"),
    [
        (0.5, "f" * 16 + "7" + "f" * 15, True),
        (0.5, "0" * 16 + "8" + "0" * 15, False),
        (0.0, "0" * 32, False),
        (1.0, "f" * 32, True),
    ],
)
def test_the_second_half_of_the_trace_id_decides(ratio: float, trace_id: str, expected: bool) -> None:  # noqa: FBT001 - the decision
    sampler = Sampler(TracingConfig(sample_ratio=ratio))
    opposite = "f" * 16 if expected else "0" * 16
    assert sampler.root(trace_id, opposite, None) is expected
    assert sampler.continued(trace_id, parent_sampled=False) is expected
    assert sampler.continued(trace_id, parent_sampled=True)
    # The id of a foreign trace was chosen by the caller; our span id was not.
    for parent in (True, False):
        assert sampler.root("0" * 32, trace_id[16:], parent) is expected
        assert Sampler(TracingConfig(sample_ratio=ratio, trust_parent=True)).root(trace_id, opposite, parent) is parent


@pytest.mark.parametrize(
    ("status", "seconds", "notable"),
    [(200, 1.0, False), (200, 1.001, True), (499, 0.0, False), (500, 0.0, True), (503, 0.0, True)],
)
def test_an_outcome_that_is_always_exported(status: int, seconds: float, notable: bool) -> None:  # noqa: FBT001 - the decision
    sampler = Sampler(TracingConfig())
    assert sampler.notable(status, seconds) is notable
    assert sampler.slow(seconds) is (seconds > 1.0)


def test_defaults_of_tracing() -> None:
    assert TracingConfig() == TracingConfig(
        service="strata",
        version="0",
        environment="development",
        endpoint=None,
        timeout=5.0,
        sample_ratio=0.1,
        slow_threshold=1.0,
        trust_parent=False,
        ring=None,
    )
    resource = make_resource(TracingConfig(service="s", version="1", environment="e")).attributes
    known = {name: resource[name] for name in ("service.name", "service.version", "deployment.environment.name")}
    assert known == {"service.name": "s", "service.version": "1", "deployment.environment.name": "e"}
    assert resource["process.pid"] == os.getpid()
    other = make_resource(TracingConfig()).attributes
    assert resource["service.instance.id"] != other["service.instance.id"]


@pytest.mark.parametrize(
    ("text", "name", "collection"),
    [
        ("SELECT a FROM posts WHERE b", "SELECT posts", "posts"),
        ("insert into users (a) values ($1)", "INSERT users", "users"),
        ('UPDATE ONLY "posts" SET a', "UPDATE posts", "posts"),
        ("DELETE\n  FROM sessions", "DELETE sessions", "sessions"),
        ("COMMIT", "COMMIT", None),
        ("SELECT 1", "SELECT", None),
        ("", "QUERY", None),
    ],
)
def test_a_statement_is_named_after_its_table(text: str, name: str, collection: str | None) -> None:
    found, attributes = statement_span(text)
    expected: dict[str, object] = {
        "db.system.name": "postgresql",
        "db.operation.name": name.partition(" ")[0],
        "db.query.text": text,
    }
    if collection is not None:
        expected |= {"db.collection.name": collection, "db.query.summary": name}
    assert (found, attributes) == (name, expected)
    assert len(str(statement_span(text + " " * 3000)[1]["db.query.text"])) == 2000


def test_work_for_a_queue_has_a_span_whose_id_leaves_the_process() -> None:
    for sampled in (True, False):
        recording = Recording(TRACE, PARENT, sampled=sampled)
        with use_recording(recording), producer_span(*sending("auth.send")) as traceparent:
            assert current_traceparent() == format_traceparent(TRACE, PARENT, sampled=sampled)
            assert current_trace_id() == TRACE
        (child,) = recording.children
        assert (child.name, child.kind) == ("send auth.send", SpanKind.PRODUCER)
        assert child.attributes["messaging.operation.type"] == child.attributes["messaging.operation.name"] == "send"
        assert child.span_id is not None
        assert traceparent == format_traceparent(TRACE, child.span_id, sampled=sampled)
    assert processing("a", 1)[0] == "process a"
    assert (RECORDING.get(), current_traceparent(), current_trace_id()) == (None, None, None)


def test_a_failure_is_the_exception_of_the_root_span_only() -> None:
    error = ValueError("secret of ada@example.com")
    record_failure(error)
    recording = Recording(TRACE, PARENT, sampled=True)
    with use_recording(recording):
        record_failure(error)
        with client_span("call", {}, kind=SpanKind.INTERNAL):
            pass
        with suppress(KeyError), client_span("broken", {}):
            raise KeyError
    assert recording.failure is error
    for reported in ("500", None):
        recording.failure = error
        done = finish_recording(
            recording,
            "GET /a",
            SpanKind.SERVER,
            parent_span_id=PARENT,
            ended=time.perf_counter(),
            duration=0.25,
            attributes=lambda: {"a": 1},
            error=reported,
            database={},
        )
        assert recording.failure is None, "its frames would stay alive"
        root, child, broken = build(done, make_resource(TracingConfig()))
        assert (broken.status.status_code, broken.attributes) == (StatusCode.ERROR, {"error.type": "KeyError"})
        assert len(root.events) == (reported is not None)
        assert (root.status.status_code is StatusCode.ERROR) is (reported is not None)
        assert child.status.status_code is StatusCode.UNSET
        assert child.kind is SpanKind.INTERNAL
        assert root.parent is not None
        assert root.parent.is_remote
        assert f"{root.parent.span_id:016x}" == PARENT
        assert child.parent == root.get_span_context()
        assert not child.parent.is_remote  # type: ignore[union-attr]  # checked above
        for span in (root, child):
            context = span.get_span_context()
            assert context is not None
            assert (f"{context.trace_id:032x}", context.trace_flags.sampled) == (TRACE, True)
        assert root.instrumentation_scope is not None
        assert root.instrumentation_scope.name == "observability.tracing"


def test_children_have_the_times_of_their_blocks() -> None:
    recording = Recording(*new_ids(), sampled=True)
    with Child(recording, "one", SpanKind.CLIENT, {}):
        time.sleep(0.02)
    first = recording.children[0]
    done = finish_recording(
        recording,
        *("GET /a", SpanKind.SERVER),
        parent_span_id=None,
        ended=first.ended + 1.0,
        duration=first.ended + 1.0 - first.started,
        attributes=dict,
        error=None,
        database={},
    )
    root, child = build(done, make_resource(TracingConfig()))
    assert root.parent is None
    assert root.end_time is not None
    assert child.start_time is not None
    assert child.end_time is not None
    assert root.end_time - child.end_time == pytest.approx(1_000_000_000, abs=1000)
    assert child.end_time - child.start_time == pytest.approx((first.ended - first.started) * 1e9, abs=1000)
    assert root.start_time == pytest.approx(child.start_time, abs=1000)


def test_a_long_traceback_is_cut_to_its_end() -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        padding = "x" * 9_000
        raise ValueError(padding)

    try:
        deep(3)
    except ValueError as error:
        attributes = exception_attributes(error)
    assert len(attributes["exception.stacktrace"]) == 8_000
    assert attributes["exception.stacktrace"].endswith("x\n")
