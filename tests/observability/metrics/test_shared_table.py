"""The table of consumers that processes share: when a newcomer gets a series, and what a taken lock costs."""

import threading
from pathlib import Path

import pytest

from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess import consumers, locks
from observability.metrics.multiprocess.aggregation import MultiprocessMetrics, WorkerMetrics
from observability.metrics.multiprocess.consumers import OTHER, ConsumerTable
from observability.metrics.multiprocess.layout import Family
from observability.metrics.multiprocess.store import Store
from tests.observability.metrics.test_consumers import series_of

CELLS = [("v901", "success")]
SERIES = 2
"""Requests and seconds of one consumer."""


def table(slots: int, path: Path | None = None) -> ConsumerTable:
    return ConsumerTable(CELLS, slots * SERIES, path)


def count(of: ConsumerTable, *names: str) -> None:
    for name in names:
        of.count(name, *CELLS[0])


def found(of: ConsumerTable) -> dict[str, float]:
    return {name: value for (name, *_), value in series_of(of).items()}


def test_a_newcomer_of_a_full_table_has_a_series_after_ten_requests() -> None:
    full = table(4)
    count(full, "a", "a", "b", "b", "b")
    count(full, *["new"] * 10)
    assert found(full) == {OTHER: 12, "b": 3}, "the ten requests, and those of the consumer that it replaced"
    count(full, "new")
    assert found(full) == {OTHER: 12, "b": 3, "new": 1}


def test_a_process_sees_who_another_one_has_admitted(tmp_path: Path) -> None:
    first, second = (table(4, tmp_path / "table") for _ in range(2))
    count(first, "a")
    count(second, "b")
    count(first, "b", "a")
    count(second, "a")
    assert found(first) == found(second) == {"a": 3, "b": 2}
    count(first, *["c"] * 12)
    count(second, "c", "a")
    assert found(second) == {OTHER: 12, "a": 4, "c": 3}


def test_what_waits_for_the_lock_is_bounded(tmp_path: Path) -> None:
    waiting, other = (table(5, tmp_path / "table") for _ in range(2))
    assert other._descriptor is not None
    assert locks.try_lock(other._descriptor)
    for number in range(20):
        count(waiting, f"key-{number}", "key-0")
    assert len(waiting._pending) <= 5 + 1, "as many as the table has rows, and the rest together"
    locks.unlock(other._descriptor)
    waiting.flush()
    assert sum(found(waiting).values()) == 40
    assert not waiting._pending


def test_a_scrape_waits_for_the_lock_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, other = (table(5, tmp_path / "table") for _ in range(2))
    count(reading, "a")
    assert other._descriptor is not None
    assert locks.try_lock(other._descriptor)
    monkeypatch.setattr(consumers, "_LOCK_TIMEOUT", 0.05)
    with pytest.raises(locks.Busy):
        found(reading)
    monkeypatch.setattr(consumers, "_LOCK_TIMEOUT", 60.0)
    threading.Timer(0.1, locks.unlock, (other._descriptor,)).start()
    assert found(reading) == {"a": 1}


class RecordedLock:
    """Counts its holders."""

    def __init__(self) -> None:
        self.held = 0

    def __enter__(self) -> None:
        self.held += 1

    def __exit__(self, *_: object) -> None:
        self.held -= 1


@pytest.mark.parametrize("shared", [False, True])
def test_the_table_is_read_and_changed_by_one_thread_at_a_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared: bool,  # noqa: FBT001 - a case
) -> None:
    """Requests are counted in the event loop, and a scrape reads in a thread."""
    of, lock = table(4, tmp_path / "table" if shared else None), RecordedLock()
    of._lock = lock  # type: ignore[assignment]  # a lock that counts its holders
    seen: list[int] = []
    for name in ("_add", "_add_pending"):
        real = getattr(of, name)
        monkeypatch.setattr(of, name, lambda *given, real=real: (seen.append(lock.held), real(*given))[1])
    count(of, "a", "b")
    if of._descriptor is not None:
        other = table(4, tmp_path / "table")
        assert other._descriptor is not None
        assert locks.try_lock(other._descriptor)
        count(of, "a")
        locks.unlock(other._descriptor)
        of.flush()
    assert sum(found(of).values()) == (3 if shared else 2)
    assert seen
    assert set(seen) == {1}


def test_series_are_appended_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    store, lock, seen = Store.private(), RecordedLock(), list[int]()
    store._lock = lock  # type: ignore[assignment]  # a lock that counts its holders
    append = store._append
    monkeypatch.setattr(store, "_append", lambda *given: (seen.append(lock.held), append(*given))[1])
    store.put(Family("jobs", "counter", "Jobs.", ("job",)), ("a",), [1.0], {})
    store.append_record("absorbed", "a.live")
    assert seen == [1, 1, 1], "the family, the series and the record"


def test_the_sampler_publishes_what_waits(tmp_path: Path) -> None:
    metrics = Metrics(("v901",), folder=tmp_path)
    own = metrics.consumers
    assert own is not None
    other = Metrics(("v901",), folder=tmp_path).consumers
    assert other is not None
    assert other._descriptor is not None
    assert locks.try_lock(other._descriptor)
    own.count("a", "v901", "success")
    locks.unlock(other._descriptor)
    assert own._pending
    metrics.sample()
    assert not own._pending
    # What libraries measure, too: another process reads it while this one is not scraped.
    assert "process_start_time_seconds" in MultiprocessMetrics(tmp_path).merged().points


def test_what_a_process_counted_after_a_scrape_is_not_lost_with_it(tmp_path: Path) -> None:
    reader = MultiprocessMetrics(tmp_path)
    metrics = Metrics(folder=tmp_path)
    counter = metrics.counter("jobs", "Jobs.").labels()
    gauge = metrics.gauge("open", "Open.", ()).labels()
    counter.inc()
    gauge.set(7)

    def values() -> dict[str, list[float]]:
        return {
            name: list(point.values) for name, points in reader.merged().points.items() for point in points.values()
        }

    assert (values()["jobs"][0], values()["open"][0]) == (1, 7)
    counter.inc()
    counter.inc()
    process = metrics.registry._source
    assert isinstance(process, WorkerMetrics)
    locks.unlock(process.store.descriptor)
    for _ in range(2):
        assert values()["jobs"][0] == 3
        assert "open" not in values(), "a process that ended has nothing open"
