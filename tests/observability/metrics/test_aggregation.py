"""One process writes metrics, and another reads them."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.aggregation import MultiprocessMetrics, WorkerMetrics
from observability.metrics.multiprocess.layout import Exemplar, pack_exemplar, unpack_exemplar
from observability.metrics.requests import BUCKETS, RequestMetrics
from tests.support.scrape import Scrape

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0b1902b7"


def scraped(registry: CollectorRegistry) -> Scrape:
    return Scrape(generate_latest(registry).decode())


@given(st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=200))
def test_buckets_count_the_observations(values: list[float]) -> None:
    metrics = Metrics()
    series = metrics.group(RequestMetrics).duration.labels("v901", "/a", "GET", 200)
    for value in values:
        series.observe(value)
    found = scraped(metrics.registry)
    for bound in BUCKETS:
        text = str(float(bound))
        counted = found.sum("http_server_request_duration_seconds_bucket", le=text)
        assert counted == sum(value <= bound for value in values), bound
    assert found.sum("http_server_request_duration_seconds_count") == len(values)
    assert math.isclose(found.sum("http_server_request_duration_seconds_sum"), sum(values), abs_tol=1e-9)


def test_exemplar_has_the_ids_of_its_trace() -> None:
    metrics = Metrics()
    series = metrics.group(RequestMetrics).duration.labels("v901", "/a", "GET", 200)
    series.observe(0.03)
    series.observe(0.04, TRACE, SPAN)
    series.observe(9.0)
    (exemplar,) = scraped(metrics.registry).exemplars("http_server_request_duration_seconds_bucket")
    assert (exemplar.labels, exemplar.value) == ({"trace_id": TRACE, "span_id": SPAN}, 0.04)


@given(st.integers(0, 47), st.integers(1, 255))
def test_partially_written_exemplar_is_ignored(byte: int, change: int) -> None:
    packed = bytearray(pack_exemplar(Exemplar(1.5, 2.5, TRACE, SPAN)))
    assert unpack_exemplar(bytes(packed)) == Exemplar(1.5, 2.5, TRACE, SPAN)
    packed[byte] ^= change
    assert unpack_exemplar(bytes(packed)) is None


def test_killed_process_leaves_counters_and_no_gauge(tmp_path: Path) -> None:
    mine = Metrics(("v901",), folder=tmp_path)
    mine.group(RequestMetrics).duration.labels("v901", "/a", "GET", 200).observe(0.1)
    mine.group(RequestMetrics).active.labels("v901").set(1)
    for deaths in range(1, 4):
        child = os.fork()
        if child == 0:
            theirs = Metrics(("v901",), folder=tmp_path)
            theirs.group(RequestMetrics).duration.labels("v901", "/a", "GET", 200).observe(0.2, TRACE, SPAN)
            theirs.group(RequestMetrics).active.labels("v901").set(5)
            os._exit(0)
        os.waitpid(child, 0)
        found = scraped(mine.registry)
        assert found.sum("http_server_request_duration_seconds_count") == 1 + deaths
        assert found.sum("http_server_active_requests") == 1
        assert found.exemplars("http_server_request_duration_seconds_bucket")
    # The files of this process, of retired ones, of the lock and of the consumers.
    assert len(list(tmp_path.iterdir())) == 4


def test_the_last_counts_of_a_process_that_was_read_before_are_kept(tmp_path: Path) -> None:
    mine = Metrics(("v901",), folder=tmp_path)
    first, last = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        theirs = Metrics(("v901",), folder=tmp_path).group(RequestMetrics).duration
        theirs.labels("v901", "/a", "GET", 200).observe(0.2)
        os.write(first[1], b".")
        os.read(last[0], 1)
        theirs.labels("v901", "/a", "GET", 200).observe(0.2)
        theirs.labels("v901", "/b", "GET", 200).observe(0.2)
        os._exit(0)
    os.read(first[0], 1)
    counts = [scraped(mine.registry).sum("http_server_request_duration_seconds_count")]
    os.write(last[1], b".")
    os.waitpid(child, 0)
    counts += [scraped(mine.registry).sum("http_server_request_duration_seconds_count") for _ in range(2)]
    for descriptor in (*first, *last):
        os.close(descriptor)
    assert counts == [1, 3, 3]


def test_file_retired_by_a_killed_process_counts_once(tmp_path: Path) -> None:
    member = WorkerMetrics(tmp_path)
    child = os.fork()
    if child == 0:
        jobs = Metrics((), folder=tmp_path).counter("job_attempts", "Attempts.", ("kind", "outcome"))
        jobs.labels("a", "success").inc(3)
        os._exit(0)
    os.waitpid(child, 0)
    (dead,) = [path for path in tmp_path.glob("*.live") if path.name.startswith(f"{child}-")]
    content = dead.read_bytes()
    fleet = MultiprocessMetrics(tmp_path)
    fleet.merged()
    assert not dead.exists()
    dead.write_bytes(content)
    merged = MultiprocessMetrics(tmp_path).merged()
    assert merged.points["job_attempts"]["a", "success"].values == [3.0]
    assert not dead.exists()
    assert member.store.descriptor


def test_reader_sees_series_beyond_the_first_page(tmp_path: Path) -> None:
    reader = MultiprocessMetrics(tmp_path)
    writer = Metrics((), folder=tmp_path)
    reader.merged()
    for number in range(2000):
        writer.group(RequestMetrics).duration.labels("v901", f"/route{number}", "GET", 200).observe(0.1)
    assert len(reader.merged().points["http_server_request_duration_seconds"]) == 2000


def test_wrong_number_of_labels_raises() -> None:
    with pytest.raises(ValueError, match="has the labels"):
        Metrics().counter("attempts", "Attempts.", ("outcome", "method")).labels("success")


def test_group_is_built_once_and_name_declared_once() -> None:
    metrics = Metrics()
    assert metrics.group(RequestMetrics) is metrics.group(RequestMetrics)
    with pytest.raises(ValueError, match="http_server_active_requests is declared twice"):
        metrics.gauge("http_server_active_requests", "Again.", ())
