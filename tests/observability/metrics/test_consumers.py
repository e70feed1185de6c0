"""For any number of consumers, the number of series is bounded and the sum never decreases."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.metrics.multiprocess import consumers, locks
from observability.metrics.multiprocess.consumers import ANONYMOUS, ID_BYTES, OTHER, PROBATION, ConsumerTable
from observability.metrics.multiprocess.layout import Family
from observability.metrics.multiprocess.snapshot import Merged

FAMILY = Family("api_consumer_requests", "counter", "Requests.", ("consumer", "api_version", "outcome"))
SECONDS = Family("api_consumer_request_seconds", "counter", "Seconds.", ("consumer", "api_version"))
CELLS = [(version, outcome) for version in ("v901", "v2") for outcome in ("success", "client_error")]


def series_of(table: ConsumerTable, family: Family = FAMILY) -> dict[tuple[str, ...], float]:
    merged = Merged()
    table.add_to(merged, FAMILY, SECONDS)
    return {labels: point.values[0] for labels, point in merged.points.get(family.name, {}).items()}


def test_a_hundred_thousand_keys_are_within_the_budget() -> None:
    table = ConsumerTable(CELLS, 100)
    last = 0.0
    for number in range(100_000):
        table.count(f"key-{number}", *CELLS[number % len(CELLS)])
        if number % 10_000 == 0:
            series = series_of(table)
            assert len(series) <= 100
            assert sum(series.values()) >= last
            last = sum(series.values())
    assert sum(series_of(table).values()) == 100_000


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from(CELLS)), max_size=3000), st.integers(18, 60))
def test_sum_is_exact_and_series_are_bounded(requests: list[tuple[int, tuple[str, str]]], budget: int) -> None:
    table = ConsumerTable(CELLS, budget)
    for consumer, cell in requests:
        table.count(f"key-{consumer}", *cell)
    series = series_of(table)
    assert len(series) <= budget
    by_cell: Counter[tuple[str, ...]] = Counter()
    for (_, *cell), value in series.items():
        by_cell[tuple(cell)] += int(value)
    assert by_cell == Counter(cell for _, cell in requests)


def test_most_frequent_consumer_has_its_own_series() -> None:
    table = ConsumerTable(CELLS, 40)
    for number in range(5000):
        table.count("busy", "v2", "success")
        table.count(f"once-{number}", "v2", "success")
    series = series_of(table)
    assert series["busy", "v2", "success"] == 5000
    # Consumers that came while the table had room have series; the later ones count as other.
    assert series[OTHER, "v2", "success"] >= 4900


def test_processes_share_one_table(tmp_path: Path) -> None:
    first, second = (ConsumerTable(CELLS, 60, tmp_path / "consumers") for _ in range(2))
    for number in range(300):
        (first if number % 2 else second).count(f"key-{number % 30}", "v901", "success")
    assert series_of(first) == series_of(second)
    assert sum(series_of(first).values()) == 300
    assert len(series_of(first)) <= 60


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(CELLS)), max_size=400))
def test_no_series_decreases(requests: list[tuple[int, tuple[str, str]]]) -> None:
    table = ConsumerTable(CELLS, 24)
    before: dict[tuple[str, ...], float] = {}
    for consumer, cell in requests:
        table.count(f"key-{consumer}", *cell)
        now = series_of(table)
        assert all(now[labels] >= value for labels, value in before.items() if labels in now)
        assert all(labels in now for labels in before if labels[0] == OTHER)
        before = now


def test_count_does_not_wait_for_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = ConsumerTable(CELLS, 60, tmp_path / "consumers")
    monkeypatch.setattr(consumers, "_LOCK_TIMEOUT", 0.05)
    table.count("early", "v901", "success")
    with locks.locked(tmp_path / "consumers", 1):
        for _ in range(3):
            table.count("late", "v901", "success")
        with pytest.raises(locks.Busy):
            series_of(table)
    assert series_of(table) == {("early", "v901", "success"): 1, ("late", "v901", "success"): 3}


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(CELLS), st.integers(0, 64)), max_size=400))
def test_sum_of_seconds_is_exact_and_within_the_budget(requests: list[tuple[int, tuple[str, str], int]]) -> None:
    """Multiples of 1/64 have an exact sum. Replaced consumers and those on probation count as other."""
    budget = 24
    table = ConsumerTable(CELLS, budget)
    for consumer, cell, amount in requests:
        table.count(f"key-{consumer}", *cell, seconds=amount / 64)
    seconds = series_of(table, SECONDS)
    assert len(series_of(table)) + len(seconds) <= budget
    for version in ("v901", "v2"):
        spent = sum(value for (_, name), value in seconds.items() if name == version)
        assert spent == sum(amount for _, cell, amount in requests if cell[0] == version) / 64


def test_seconds_belong_to_their_consumer(tmp_path: Path) -> None:
    first, second = (ConsumerTable(CELLS, 60, tmp_path / "consumers") for _ in range(2))
    first.count("slow", "v2", "success", seconds=2.0)
    with locks.locked(tmp_path / "consumers", 1):
        # Buffered, because another process has the lock.
        first.count("slow", "v2", "client_error", seconds=1.0)
        first.count("slow", "v2", "client_error", seconds=0.5)
    second.count("fast", "v2", "success", seconds=0.25)
    first.flush()
    assert series_of(second, SECONDS) == {("slow", "v2"): 3.5, ("fast", "v2"): 0.25}
    assert sum(series_of(second).values()) == 4


PER_CONSUMER = len(CELLS) + 2
"""Series: the cells, and the seconds of two versions."""


def own_series(table: ConsumerTable) -> set[str]:
    return {consumer for consumer, *_ in series_of(table)} - {OTHER, ANONYMOUS}


def test_the_smallest_budget_has_room_for_one_consumer() -> None:
    table = ConsumerTable(CELLS, 3 * PER_CONSUMER)
    table.count("first", *CELLS[0])
    assert own_series(table) == {"first"}
    with pytest.raises(ValueError, match="too small"):
        ConsumerTable(CELLS, 3 * PER_CONSUMER - 1)


def test_the_table_is_filled_up_to_its_budget_and_no_further() -> None:
    budget = 5 * PER_CONSUMER
    table = ConsumerTable(CELLS, budget)
    for consumer in ("a", "b", "c", OTHER, None):
        for cell in CELLS:
            table.count(consumer, *cell, seconds=0.25)
    assert own_series(table) == {"a", "b", "c"}, "three beside the reserved ones"
    counts, seconds = series_of(table), series_of(table, SECONDS)
    assert len(counts) + len(seconds) == budget
    assert set(counts.values()) == {1}
    assert set(seconds.values()) == {0.5}
    table.count("d", *CELLS[0])
    assert len(own_series(table)) == 2, "the fourth has replaced one of the three, and counts as other at first"


def test_a_newcomer_replaces_the_least_active_consumer_after_its_probation() -> None:
    table = ConsumerTable(CELLS, 5 * PER_CONSUMER)
    for consumer, times in (("busy", 30), ("idle", 2), ("steady", 20)):
        for _ in range(times):
            table.count(consumer, *CELLS[0], seconds=1)
    for _ in range(PROBATION):
        table.count("new", *CELLS[0], seconds=1)
    assert own_series(table) == {"busy", "steady"}
    assert series_of(table)[OTHER, *CELLS[0]] == 2 + PROBATION
    table.count("new", *CELLS[0], seconds=1)
    counts, seconds = series_of(table), series_of(table, SECONDS)
    assert (counts["new", *CELLS[0]], counts["busy", *CELLS[0]], counts["steady", *CELLS[0]]) == (1, 30, 20)
    assert (seconds["new", "v901"], seconds[OTHER, "v901"]) == (1, 2 + PROBATION)
    assert sum(counts.values()) == 30 + 2 + 20 + PROBATION + 1


def test_long_and_unusual_names_are_cut_to_their_slot() -> None:
    table = ConsumerTable(CELLS, 6 * PER_CONSUMER)
    for consumer in ("x" * 200, "after", "ü" * 100, "y" + "ü" * 100):
        table.count(consumer, *CELLS[0])
        table.count(consumer, *CELLS[0])
    found = series_of(table)
    assert {name: value for (name, *_), value in found.items() if name not in {OTHER, ANONYMOUS}} == {
        "x" * ID_BYTES: 2,
        "after": 2,
        "ü" * (ID_BYTES // 2): 2,
        # Cut within a letter.
        "y" + "ü" * (ID_BYTES // 2 - 1) + "\ufffd": 2,
    }
