"""The CPU time of metrics and logging, as the minimum of several runs: ``python -m tests.observability.metrics.cost``.

Recorded in November 2026 on a busy machine with two cores, in microseconds unless stated otherwise:

* one observation: 0.6, with an exemplar 2.8; prometheus_client in one process 1.0 and 2.8, in its multiprocess mode 2.7
  without exemplars;
* one request of a known consumer: 3.4, of a new consumer in a full table: 23;
* the instrumentator's closure on a request body: 5;
* a log line with redaction: 11, and 2.5 for a line below the level; a cached logger would save 2, but could not change
  its level while it runs;
* a scrape of 1,000 histograms in each of 4 processes: 49 ms to read and add, 68 ms with OpenMetrics text; with
  prometheus_client's encoder 366 ms, in slices of 5 ms during which no request is served.
"""

import io
import os
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Histogram, values
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_fastapi_instrumentator.metrics import Info, request_size
from starlette.requests import Request

from observability.logs.configuration import configure
from observability.metrics.multiprocess.aggregation import WorkerMetrics
from observability.metrics.multiprocess.consumers import ConsumerTable
from observability.metrics.multiprocess.instruments import HistogramChild, Instrument
from observability.metrics.multiprocess.layout import Family
from observability.metrics.registry import OUTCOMES, Registry
from observability.metrics.requests import BUCKETS

TIMES, ROUNDS = 20_000, 7
PROCESSES, SERIES = 4, 1000
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LABELS = ("api_version", "http_route", "http_request_method", "http_response_status_code")
ONE = ("v2", "/api/v2/posts/{post_id}", "GET", "200")


def micros(act: Callable[[], object], times: int = TIMES) -> float:
    act()
    return min(timeit.repeat(act, number=times, repeat=ROUNDS, timer=time.thread_time)) / times * 1e6


def report(name: str, figure: float) -> None:
    sys.stdout.write(f"{name:<66}{figure:12.2f}\n")


def member(folder: Path) -> tuple[WorkerMetrics, Instrument[HistogramChild]]:
    process = WorkerMetrics(folder)
    family = Family("http_server_request_duration_seconds", "histogram", "Seconds.", LABELS, bounds=BUCKETS)
    return process, Instrument(process.store, family, HistogramChild)


def theirs() -> Histogram:
    return Histogram("duration", "Seconds.", LABELS, registry=CollectorRegistry(), buckets=BUCKETS)


def counting(folder: Path) -> None:
    _, ours = member(folder)
    report("observe, ours, shared file", micros(lambda: ours.labels(*ONE).observe(0.02)))
    report("observe and exemplar, ours, shared file", micros(lambda: ours.labels(*ONE).observe(0.02, TRACE, SPAN)))
    child = theirs().labels(*ONE)
    exemplar = {"trace_id": TRACE, "span_id": SPAN}
    report("observe, prometheus_client, one process, cached child", micros(lambda: child.observe(0.02)))
    report("observe and exemplar, the same", micros(lambda: child.observe(0.02, exemplar)))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    original, values.ValueClass = values.ValueClass, values.MultiProcessValue()
    shared = theirs().labels(*ONE)
    values.ValueClass = original
    report("observe, prometheus_client's multiprocess mode (no exemplars)", micros(lambda: shared.observe(0.02)))

    cells = [(version, outcome) for version in ("v901", "v2") for outcome in OUTCOMES]
    table = ConsumerTable(cells, 1000, folder / "table")
    report("count a consumer, shared table", micros(lambda: table.count("consumer", "v2", "success", seconds=0.02)))
    numbers = iter(range(10**9))
    report(
        "count one that comes once, full table",
        micros(lambda: table.count(f"{next(numbers)}", "v2", "success", seconds=0.02)),
    )

    size = request_size(registry=CollectorRegistry())
    assert size is not None
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"10")]}
    report(
        "the instrumentator's closure on a body", micros(lambda: size(Info(Request(scope), None, "POST", "/", "", 0)))
    )


def logging() -> None:
    class Nowhere(io.BytesIO):
        def write(self, text: object) -> int:
            return len(str(text))

    configure("info", "json", Nowhere())
    log = structlog.get_logger()
    report(
        "a line of the access log, redacted, JSON",
        micros(lambda: log.info("request", http_route=ONE[1], method="GET", status=200, duration_ms=1.5, consumer="c")),
    )
    report("a line below the level", micros(lambda: log.debug("request", status=200)))


def scraping(folder: Path) -> None:
    fleet = [member(folder) for _ in range(PROCESSES)]
    for _, instrument in fleet:
        for number in range(SERIES):
            series = instrument.labels("v2", f"/api/v2/{number}", "GET", "200")
            series.observe(0.003)
            series.observe(0.02, TRACE, SPAN)
    registry = Registry(fleet[0][0])
    kind = f"{SERIES} histograms x {PROCESSES} processes"
    report(f"scrape, {kind}: reading and adding, ms", micros(fleet[0][0].merged, 1) / 1000)
    report("  and writing text, ours, ms", micros(registry.text, 1) / 1000)
    report("  and writing OpenMetrics with exemplars, ours, ms", micros(registry.openmetrics, 1) / 1000)
    report("  and writing text, prometheus_client, ms", micros(lambda: generate_latest(registry), 1) / 1000)
    report("  and writing OpenMetrics, prometheus_client, ms", micros(lambda: generate_openmetrics(registry), 1) / 1000)


def main() -> None:
    for part in (counting, scraping):
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))
    logging()


if __name__ == "__main__":
    main()
