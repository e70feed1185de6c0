"""What waits for export, and what a local ring stores of it."""

import os
import threading
from pathlib import Path
from typing import Any

import orjson
import structlog

from observability.tracing.config import TracingConfig
from observability.tracing.local import LocalTrace, read_ring
from observability.tracing.pipeline import Pipeline
from observability.tracing.ring import RingWriter
from observability.tracing.spans import Finished, make_resource
from tests.observability.tracing.test_export import done
from tests.observability.tracing.test_spans import Counts
from tests.support.waiting import PATIENCE, wait_until


class Taking:
    """A destination that accepts, or fails with a reason."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.reasons: list[str | None] = []
        self.interrupted = 0

    def deliver(self, batch: list[Finished]) -> str | None:
        self.batches.append(len(batch))
        return self.reasons.pop(0) if self.reasons else None

    def interrupt(self) -> None:
        self.interrupted += 1


class Hanging(Taking):
    """A destination whose delivery ends long after the process has given it up."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.released, self.ended = (threading.Event() for _ in range(3))

    def deliver(self, batch: list[Finished]) -> str | None:
        self.batches.append(len(batch))
        self.began.set()
        self.released.wait(PATIENCE)
        self.ended.set()
        return None


def test_a_delivery_that_was_given_up_is_counted_once() -> None:
    """Its spans are lost for this process, whatever its thread finds out later."""
    hanging, counts = Hanging(), Counts()
    pipeline, trace = Pipeline(hanging, counts, pause=0.01), done(children=1)
    pipeline.start()
    pipeline.submit(trace)
    assert hanging.began.wait(PATIENCE)
    pipeline.submit(trace)
    pipeline.close()
    assert hanging.interrupted == 1
    assert counts.dropped == {"shutdown": 4}
    hanging.released.set()
    assert hanging.ended.wait(PATIENCE)
    wait_until(lambda: not pipeline._queue.running, PATIENCE)
    assert (counts.dropped, counts.exported) == ({"shutdown": 4}, 0)
    pipeline.submit(trace)
    assert counts.dropped == {"shutdown": 6}


def test_two_thousand_traces_wait_and_leave_in_small_batches() -> None:
    taking, counts = Taking(), Counts()
    pipeline, trace = Pipeline(taking, counts), done(children=1)
    for _ in range(2_050):
        pipeline.submit(trace)
    assert counts.dropped == {"queue_full": 2 * 2}, "spans, not traces"
    pipeline.start()
    # Closing gives up after a second, which a busy machine may need.
    wait_until(lambda: sum(taking.batches) == 2_048, PATIENCE)
    pipeline.close()
    assert sum(taking.batches) == 2_048
    assert max(taking.batches) == 128
    assert counts.exported == 2 * 2_048
    assert counts.dropped == {"queue_full": 4}


def test_a_change_of_the_destination_is_logged_once() -> None:
    taking, counts = Taking(), Counts()
    pipeline = Pipeline(taking, counts)
    taking.reasons = [None, "refused", "unreachable", None, None]
    with structlog.testing.capture_logs() as lines:
        found = [pipeline._deliver([done(children=1)]) for _ in range(5)]
    assert found == [True, False, False, True, True]
    assert (counts.exported, counts.dropped) == (6, {"refused": 2, "unreachable": 2})
    assert lines == [
        {"event": "trace_export_failing", "reason": "refused", "log_level": "warning"},
        {"event": "trace_export_recovered", "log_level": "info"},
    ]


def test_a_segment_of_the_ring_is_replaced_when_it_is_full(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "traces"
    traces = [done() for _ in range(4)]
    ring = RingWriter(folder, make_resource(TracingConfig(service="s")))
    assert ring.deliver(traces[:1]) is None
    current = folder / f"s-{os.getpid()}.jsonl"
    size = current.stat().st_size
    assert (folder.stat().st_mode & 0o777, current.stat().st_mode & 0o777) == (0o700, 0o600)
    ring = RingWriter(folder, make_resource(TracingConfig(service="s")), segment_bytes=2 * size + 20)
    assert ring.deliver(traces[1:2]) is None
    assert [path.name for path in folder.iterdir()] == [current.name], "two traces fit"
    assert ring.deliver(traces[2:3]) is None
    assert sorted(path.name for path in folder.iterdir()) == [f"s-{os.getpid()}.1.jsonl", current.name]
    assert {trace.trace_id for trace in read_ring(folder)} == {trace.recording.trace_id for trace in traces[:3]}
    (line,) = current.read_bytes().splitlines()
    assert orjson.loads(line)["service"] == "s"
    ring.interrupt()


def test_local_traces_are_read_newest_first_without_incomplete_lines(tmp_path: Path) -> None:
    def span(number: int, parent: int | None, start: int, **facts: Any) -> dict[str, Any]:
        ids = {"span_id": str(number), "parent_span_id": None if parent is None else str(parent)}
        return {**ids, "start_ns": start, "duration_ms": 1.5, "error": False, **facts}

    def write(name: str, trace: str, *spans: dict[str, Any]) -> None:
        with (tmp_path / name).open("ab") as file:
            file.write(orjson.dumps({"trace_id": trace, "spans": spans}) + b"\n")

    write("a.jsonl", "old", span(2, 1, 30), span(1, 9, 10))
    write("b.jsonl", "old", span(3, 1, 20, error=True, duration_ms=7))
    write("b.jsonl", "new", span(4, None, 40))
    write("other.txt", "ignored", span(5, None, 99))
    with (tmp_path / "b.jsonl").open("ab") as file:
        file.write(b'{"trace_id": "half')
    new, old = read_ring(tmp_path)
    assert (new.trace_id, new.started_ns, new.failed, new.longest_ms) == ("new", 40, False, 1.5)
    assert (old.trace_id, old.started_ns, old.failed, old.longest_ms) == ("old", 10, True, 7.0)
    assert [one["span_id"] for one in old.spans] == ["1", "3", "2"]
    assert [one["span_id"] for one in old.roots()] == ["1"], "its parent is in another service"
    assert [one["span_id"] for one in old.below("1")] == ["3", "2"]
    assert isinstance(old, LocalTrace)
    assert read_ring(tmp_path / "missing") == []
