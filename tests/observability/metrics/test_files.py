"""The files in which processes count: what a reader finds in them, whatever else is in the folder."""

import gc
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess import aggregation, locks
from observability.metrics.multiprocess.aggregation import MultiprocessMetrics
from observability.metrics.multiprocess.bridge import PrometheusBridge
from observability.metrics.multiprocess.layout import Exemplar, Family
from observability.metrics.multiprocess.snapshot import Merged, Snapshot
from observability.metrics.multiprocess.store import Store

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0b1902b7"
COUNTER = Family("jobs", "counter", "Jobs.", ("job",))
GAUGE = Family("depth", "gauge", "Depth.", ("job",))
HISTOGRAM = Family("seconds", "histogram", 'Seconds of "ü".', ("job",), bounds=(1.0, 2.0))


def die_after_counting(folder: Path, amount: int) -> int:
    """Count in a process that ends; return its pid."""
    child = os.fork()
    if child == 0:
        metrics = Metrics((), folder=folder)
        metrics.gauge("depth", "Depth.", ("job",)).labels("a").set(amount)
        metrics.counter("jobs", "Jobs.", ("job",)).labels("a").inc(amount)
        os._exit(0)
    os.waitpid(child, 0)
    return child


def jobs(merged: Merged) -> float:
    return merged.points["jobs"]["a",].values[0]


def test_a_file_that_was_added_already_hides_no_other_file(tmp_path: Path) -> None:
    """A process was killed between adding the files of dead ones and removing them; others count on."""
    for amount in (1, 10):
        die_after_counting(tmp_path, amount)
    contents = {path: path.read_bytes() for path in tmp_path.glob("*.live")}
    reader = MultiprocessMetrics(tmp_path)
    assert jobs(reader.merged()) == 11
    for path, content in contents.items():
        path.write_bytes(content)
    running = Metrics((), folder=tmp_path)
    running.counter("jobs", "Jobs.", ("job",)).labels("a").inc(100)
    die_after_counting(tmp_path, 1000)
    merged = reader.merged()
    assert jobs(merged) == 1111
    assert "depth" not in merged.points, "a gauge describes a running process"
    assert not [path for path in contents if path.exists()]
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".live"} == {"lock", "retired"}
    assert len(list(tmp_path.glob("*.live"))) == 1
    # Another reader, which has no snapshots yet, finds the same.
    assert jobs(MultiprocessMetrics(tmp_path).merged()) == jobs(reader.merged()) == 1111


def test_a_reader_gives_up_while_another_holds_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregation, "_LOCK_TIMEOUT", 0.02)
    reader = MultiprocessMetrics(tmp_path)
    with locks.locked(tmp_path / "lock", 1), pytest.raises(locks.Busy):
        reader.merged()
    assert reader.merged().points == {}


def test_a_gauge_between_other_series_is_left_out_alone(tmp_path: Path) -> None:
    store = Store.at(tmp_path / "a.live")
    for family, values in ((GAUGE, [7.0]), (COUNTER, [3.0]), (HISTOGRAM, [1.0, 0.0, 2.0, 9.5])):
        store.put(family, ("a",), values, {})
    snapshot = Snapshot.open(tmp_path / "a.live")
    for gauges in (True, False):
        merged = Merged()
        snapshot.add_to(merged, gauges=gauges)
        found = {name: points["a",].values for name, points in merged.points.items()}
        expected = {"jobs": [3.0], "seconds": [1.0, 0.0, 2.0, 9.5]}
        assert found == (expected | {"depth": [7.0]} if gauges else expected)


def test_a_file_has_every_value_that_was_written(tmp_path: Path) -> None:
    store = Store.at(tmp_path / "a.live")
    newest = Exemplar(2.5, 1e9, TRACE, SPAN)
    store.put(HISTOGRAM, ("a",), [1.0, 0.0, 2.0, 9.5], {0: Exemplar(0.5, 1.0, TRACE, SPAN), 2: newest})
    store.append_record("absorbed", "x.live", "y.live")
    snapshot = Snapshot.open(tmp_path / "a.live")
    merged = Merged()
    snapshot.add_to(merged, gauges=True)
    assert merged.families["seconds"] == HISTOGRAM
    assert merged.points["seconds"]["a",].exemplars == {0: Exemplar(0.5, 1.0, TRACE, SPAN), 2: newest}
    assert snapshot.absorbed == {"x.live", "y.live"}
    assert (tmp_path / "a.live").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        Store.at(tmp_path / "a.live")


@pytest.mark.parametrize(
    ("content", "error"), [(b"", "too short"), (b"x" * 63, "too short"), (b"x" * 64, "not a")], ids=len
)
def test_another_kind_of_file_is_rejected_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, error: str
) -> None:
    closed: list[int] = []
    close = Snapshot.close
    monkeypatch.setattr(Snapshot, "close", lambda snapshot: (closed.append(snapshot.descriptor), close(snapshot))[1])
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ValueError, match=error):
        Snapshot.open(tmp_path / "other")
    (descriptor,) = closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("shared", [False, True])
def test_metrics_that_nobody_uses_any_more_close_their_files(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001 - a case
    """Otherwise a process that builds many applications, as tests do, reaches its limit of open files."""

    def use() -> None:
        metrics = Metrics(["v901"], folder=tmp_path if shared else None)
        metrics.counter("jobs", "Jobs.", ("job",)).labels("a").inc()
        assert metrics.consumers is not None
        metrics.consumers.count("ada", "v901", "success")
        metrics.sample()
        assert b'jobs_total{job="a"}' in metrics.registry.text()

    use()
    gc.collect()
    before = sorted(Path("/dev/fd").iterdir())
    for _ in range(3):
        use()
    gc.collect()
    assert sorted(Path("/dev/fd").iterdir()) == before


def test_a_series_is_appended_at_the_end_of_the_first_pages(tmp_path: Path) -> None:
    """Records whose ends are at and around the end of the mapped file."""
    reference: dict[tuple[str, ...], list[float]] = {}
    store = Store.at(tmp_path / "a.live")
    for number in range(3000):
        labels = ("x" * (number % 23) + str(number),)
        store.put(COUNTER, labels, [float(number)], {})
        reference[labels] = [float(number)]
    merged = Merged()
    Snapshot.open(tmp_path / "a.live").add_to(merged, gauges=True)
    assert {labels: point.values for labels, point in merged.points["jobs"].items()} == reference


def test_metrics_of_libraries_are_copied() -> None:
    registry, store = CollectorRegistry(), Store.private()
    bridge = PrometheusBridge(store, registry)
    counter = Counter("bodies", "Bodies.", ("method",), registry=registry)
    summary = Summary("sizes", "Sizes.", ("method",), registry=registry)
    Histogram("latency", "Latency.", registry=registry).observe(1)
    Gauge("open_files", "Files.", registry=registry).set(5)
    Gauge("process_start_time_seconds", "Start.", registry=registry).set(100)
    for _ in range(2):
        counter.labels("GET").inc(2)
        summary.labels("PUT").observe(10)
        bridge.copy()
    merged = Merged()
    snapshot = Snapshot(os.dup(store.descriptor))
    snapshot.refresh()
    for _ in range(2):
        # As of two processes.
        snapshot.add_to(merged, gauges=True)
    found = {name: {labels: point.values for labels, point in points.items()} for name, points in merged.points.items()}
    assert found == {
        "bodies": {("GET",): [8.0]},
        "sizes": {("PUT",): [4.0, 40.0]},
        "open_files": {(): [10.0]},
        # The newest process: its start shows that a process was replaced.
        "process_start_time_seconds": {(): [100.0]},
    }
    assert merged.families["sizes"] == Family("sizes", "summary", "Sizes.", ("method",))
    assert merged.families["process_start_time_seconds"].merge == "max"
    assert merged.families["open_files"].merge == "sum"


def test_a_summary_with_only_a_count_has_the_sum_zero() -> None:
    registry, store = CollectorRegistry(), Store.private()
    Summary("sizes", "Sizes.", registry=registry)
    bridge = PrometheusBridge(store, registry)
    bridge.copy()
    snapshot, merged = Snapshot(os.dup(store.descriptor)), Merged()
    snapshot.refresh()
    snapshot.add_to(merged, gauges=True)
    assert merged.points["sizes"][()].values == [0.0, 0.0]
